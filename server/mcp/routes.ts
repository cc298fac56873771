// The routes of MCP: both paths are the same door.
import type { AppContract } from '../../contract/index.ts';
import { admitted, type Handlers } from '../context.ts';
import type { Mcp } from './service.ts';

export const mcpRoutes = (mcp: Mcp): Handlers<AppContract['mcp']> => ({
  message: admitted(mcp.messages, ({ ctx, body }) => mcp.exchange(ctx, body)),
  listen: admitted(mcp.notifications, ({ ctx }) => mcp.listen(ctx)),
  messageShort: admitted(mcp.messages, ({ ctx, body }) => mcp.exchange(ctx, body)),
  listenShort: admitted(mcp.notifications, ({ ctx }) => mcp.listen(ctx)),
});
