// Runs one exported function of a TypeScript file of the checkout with the root folder and the rest of the arguments:
// `node server/cli/run-ts.mjs openapi/write.ts writeOpenApi`.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [file, exported, ...rest] = process.argv.slice(2);
const name = file.replace(/\.ts$/, '').replaceAll(/[\\/]/g, '-');
const outDir = join(root, 'node_modules/.cache/snackbase');
const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
await build({
  config: false,
  entry: { [name]: join(root, file) },
  outDir,
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  splitting: false,
  external: Object.keys({ ...dependencies, ...devDependencies }),
  silent: true,
});
const program = await import(pathToFileURL(join(outDir, `${basename(name)}.js`)).href);
await program[exported](root, ...rest);
