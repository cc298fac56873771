#!/usr/bin/env node
// The `snackbase` command. In a checkout it builds first when a source is newer than the build; in a package it just starts.

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`SnackBase needs Node.js 20.19 or newer; this is ${process.version}.`);
  process.exit(1);
}
const { buildIfStale } = await import('./build.mjs').catch(() => ({}));
await buildIfStale?.();
const { main } = await import(new URL('../../dist/main.js', import.meta.url).href);
process.exitCode = await main(process.argv.slice(2));
