// The routes of operations.
import type { AppContract } from '../../contract/index.ts';
import type { Handlers } from '../context.ts';
import type { Ops } from './service.ts';

export const opsRoutes = (ops: Ops): Handlers<AppContract['ops']> => ({
  health: () => ops.health(),
  live: () => ops.live(),
  ready: () => ops.ready(),
  version: () => ops.version(),
  openapi: () => ops.document(),
  openapiYaml: () => ops.documentYaml(),
  openapiV1: () => ops.document(),
  openapiYamlV1: () => ops.documentYaml(),
  docs: () => ops.docs(),
});
