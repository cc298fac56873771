// What the package `snackbase` offers to programs: start a server inside another one.
export { type App, createApp } from './app.ts';
export { GiveUp, type JobHandler, type JobRun, type NewJob } from './automation/service.ts';
export { type Config, ConfigError, loadConfig } from './config.ts';
