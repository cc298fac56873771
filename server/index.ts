// What the package `snackbase` offers to programs: start a server inside another one.
export { type App, createApp } from './app.ts';
export { type Config, ConfigError, loadConfig } from './config.ts';
