// Builds dist/ from the sources: the bundle by tsup, then the files that stand beside it. Run directly it is `npm run build`.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');

/** Builds when there is no build or a source changed since; does nothing in a published package, which has no sources. */
export async function buildIfStale() {
  if (!existsSync(join(root, 'contract/index.ts'))) return;
  if (isFresh()) return;
  // tsup resolves against the working directory, which belongs to whoever called the command.
  execFileSync(process.execPath, [fileURLToPath(import.meta.url)], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

const isFresh = () => existsSync(stamp) && newestSource() <= statSync(stamp).mtimeMs;

/** One build at a time: several commands may find the build stale at the same moment. A lock that outlived its process is taken over. */
async function alone(work) {
  const lock = join(root, 'node_modules/.snackbase-build.lock');
  for (let waited = 0; ; waited += 100) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (waited > 120_000) rmSync(lock, { recursive: true, force: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const free = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', free);
  try {
    await work();
  } finally {
    free();
    process.off('exit', free);
  }
}

function newestSource() {
  let newest = statSync(join(root, 'package.json')).mtimeMs;
  for (const folder of ['contract', 'server', 'openapi', 'examples']) {
    if (!existsSync(join(root, folder))) continue;
    for (const file of readdirSync(join(root, folder), { recursive: true })) {
      if (/\.(ts|mjs|js|css|md)$/.test(file)) newest = Math.max(newest, statSync(join(root, folder, file)).mtimeMs);
    }
  }
  return newest;
}

async function build() {
  const started = Date.now();
  const { build: bundle } = await import('tsup');
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await bundle({
    config: false,
    entry: {
      main: join(root, 'server/main.ts'),
      index: join(root, 'server/index.ts'),
      assets: join(root, 'server/cli/assets.ts'),
    },
    outDir: dist,
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    splitting: true,
    sourcemap: true,
    // A server that still runs may yet load a chunk of the build before, so only a forced build removes the old ones.
    clean: false,
    external: Object.keys(dependencies),
    silent: true,
  });
  writeFileSync(join(dist, 'index.d.ts'), await declarations());
  const { writeAssets } = await import(`${pathToFileURL(join(dist, 'assets.js')).href}?${started}`);
  await writeAssets(root, dist);
  writeFileSync(stamp, `${new Date(started).toISOString()}\n`);
  // A source saved while the build ran must not pass for built.
  utimesSync(stamp, new Date(started), new Date(started));
  console.error(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** The types of what extensions import, out of the files that hold nothing else and import nothing but each other. */
async function declarations() {
  const { default: ts } = await import('typescript');
  return ['contract/lifecycle-events.ts', 'server/lifecycle/hook.ts', 'server/lifecycle/abort-hook.ts']
    .map((file) => ts.transpileDeclaration(readFileSync(join(root, file), 'utf8'), { fileName: file }).outputText)
    .join('')
    .replace(/^((import|\/\/) .*|.* const MARK: .*|\/\/.*)\n/gm, '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(root);
  await alone(async () => {
    if (process.argv.includes('--force')) {
      rmSync(stamp, { force: true });
      for (const file of existsSync(dist) ? readdirSync(dist) : [])
        if (/\.js(\.map)?$/.test(file)) rmSync(join(dist, file));
    }
    if (!isFresh()) await build();
  });
}
