// The routes of operations.
import type { AppContract } from '../../contract/index.ts';
import type { Handlers } from '../context.ts';
import type { Ops } from './service.ts';

export const opsRoutes = (ops: Ops): Handlers<AppContract['ops']> => ({
  health: () => ops.health(),
  live: () => ops.live(),
  ready: () => ops.ready(),
  version: () => ops.version(),
  openapi: ({ ctx }) => ops.document(ctx),
  openapiYaml: ({ ctx }) => ops.documentYaml(ctx),
  openapiV1: ({ ctx }) => ops.document(ctx),
  openapiYamlV1: ({ ctx }) => ops.documentYaml(ctx),
  docs: () => ops.docs(),
});
