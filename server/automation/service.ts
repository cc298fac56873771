// Automation: what accounts define to happen by itself. What other rooms and the map import.
export { extensionApp, extensionCtx } from './extension.ts';
export { hookRoutes } from './hooks/routes.ts';
export { type Automation, createAutomation } from './room.ts';
