// What the package `snackbase` offers to programs: start a server inside another one, and extend one by modules.

export type { EventName, LifecycleEvents } from '../contract/lifecycle.ts';
export { type App, createApp } from './app.ts';
export { GiveUp, type JobHandler, type JobRun, type NewJob } from './automation/service.ts';
export { type Config, ConfigError, loadConfig } from './config.ts';
export {
  AbortHook,
  type ExtensionApp,
  type Handler,
  type HookContext,
  type HookOptions,
  type HookRecord,
  type HookRecords,
  type LifecycleEvent,
  type SnackBaseExtension,
} from './lifecycle/service.ts';
