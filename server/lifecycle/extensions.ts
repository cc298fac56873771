// Extension modules: what they are given, and loading those that the configuration names.
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EventName } from '../../contract/lifecycle.ts';
import type { ExtensionApp, Handler, HookOptions, On, SnackBaseExtension } from './hook.ts';

/** A module that the server cannot start with; the message names it. */
export class ExtensionFailed extends Error {
  readonly expected = true;
}

const READABLE = /\.(mjs|js|cjs)$/;
const TYPESCRIPT = /\.m?ts$/;

/** Loads the modules one after the other, from the working directory. Throws ExtensionFailed. */
export async function loadExtensions(paths: readonly string[], app: ExtensionApp): Promise<void> {
  for (const path of paths) {
    const extend = await loaded(path);
    try {
      await extend({ ...app, hooks: { on: named(app.hooks, basename(path)) } });
    } catch (error) {
      throw failed(path, `failed while it was set up: ${(error as Error).message}`, error);
    }
  }
}

async function loaded(path: string): Promise<SnackBaseExtension> {
  if (TYPESCRIPT.test(path) && !('typescript' in process.features && process.features.typescript))
    throw failed(path, `is TypeScript, which Node.js ${process.version} does not read: compile it to .mjs`);
  if (!TYPESCRIPT.test(path) && !READABLE.test(path)) throw failed(path, 'must end in .mjs, .js or .ts');
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw failed(path, `could not be loaded: ${(error as Error).message}`, error);
  }
  if (typeof module.default === 'function') return module.default as SnackBaseExtension;
  throw failed(path, 'must export a function as its default: export default (app) => { … }');
}

/** Hooks without an id are called by their module and their place in it. */
function named(hooks: ExtensionApp['hooks'], file: string): On {
  let count = 0;
  return <N extends EventName>(event: N, ...rest: [Handler<N>] | [HookOptions, Handler<N>]) => {
    count += 1;
    const [options, handler] = rest.length === 1 ? [{}, rest[0]] : rest;
    return hooks.on(event, { id: `${file}#${count}`, ...options }, handler);
  };
}

const failed = (path: string, what: string, cause?: unknown): ExtensionFailed =>
  new ExtensionFailed(`The extension ${resolve(path)} ${what}.`, { cause });
