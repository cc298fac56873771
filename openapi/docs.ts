// The documentation page: Swagger UI over the OpenAPI document, from local files only and under a policy of its own.
import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface DocsPage {
  readonly title: string;
  /** Where the page loads the document from. */
  readonly specUrl: string;
  /** Path under which the assets of `docsAssets` are served, without a slash at the end. */
  readonly assetsBase: string;
  /** Where the guide is; without it the page has no link to one. */
  readonly guideUrl?: string;
}

export interface DocsAsset {
  /** Absolute path of the file. */
  readonly file: string;
  readonly contentType: string;
}

/**
 * Content-Security-Policy of the page. Swagger UI draws its icons from data URLs; everything else comes from this server,
 * and Try it out may talk to this server only.
 */
export const DOCS_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page as HTML. It has no inline script: `start.js` reads the document's URL from the page. */
export function docsPage({ title, specUrl, assetsBase, guideUrl }: DocsPage): string {
  const asset = (name: string) => attribute(`${assetsBase}/${name}`);
  const guide = guideUrl === undefined ? '' : `\n  <a href="${attribute(guideUrl)}">Guide</a>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${attribute(title)}</title>
<link rel="icon" href="${asset('favicon.png')}">
<link rel="stylesheet" href="${asset('swagger-ui.css')}">
<link rel="stylesheet" href="${asset('page.css')}">
<script defer src="${asset('swagger-ui-bundle.js')}"></script>
<script defer src="${asset('start.js')}"></script>
</head>
<body>
<header class="bar">
  <strong>${attribute(title)}</strong>${guide}
  <label>Document <select id="document"><option value="${attribute(specUrl)}">Whole API</option></select></label>
  <a id="json" href="${attribute(specUrl)}">OpenAPI (JSON)</a>
</header>
<main id="docs" data-spec="${attribute(specUrl)}"></main>
<noscript>This page needs JavaScript. The document itself is at <a href="${attribute(specUrl)}">${attribute(specUrl)}</a>.</noscript>
</body>
</html>
`;
}

/** The files that the page needs, by the name they are served under. Throws where one is missing: a broken build should say so. */
export function docsAssets(): Map<string, DocsAsset> {
  const root = packageRoot();
  const built = join(root, 'dist', 'docs');
  // Running from the sources, an older build must not answer for them.
  const fromSource = import.meta.url.endsWith('.ts') || !existsSync(built);
  const assets = new Map<string, DocsAsset>();
  for (const { name, contentType, source, optional } of FILES) {
    const file = fromSource ? source(root) : join(built, name);
    if (existsSync(file)) assets.set(name, { file, contentType });
    else if (optional !== true) throw new Error(`The documentation page lacks ${file}: build again.`);
  }
  return assets;
}

/** Copies the page's files into `outDir` (the build's dist/docs), because swagger-ui-dist is not installed with the package. */
export async function copyDocsAssets(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true });
  const root = packageRoot();
  for (const { name, source, optional } of FILES) {
    const file = source(root);
    if (optional !== true || existsSync(file)) await copyFile(file, join(outDir, name));
  }
}

interface SourceFile {
  readonly name: string;
  readonly contentType: string;
  readonly source: (root: string) => string;
  readonly optional?: true;
}

const requireHere = createRequire(import.meta.url);
const swagger = (file: string) => () => join(dirname(requireHere.resolve('swagger-ui-dist/package.json')), file);
const own = (file: string) => (root: string) => join(root, ...file.split('/'));
const JS = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

const FILES: readonly SourceFile[] = [
  { name: 'swagger-ui-bundle.js', contentType: JS, source: swagger('swagger-ui-bundle.js') },
  { name: 'swagger-ui.css', contentType: CSS, source: swagger('swagger-ui.css') },
  { name: 'favicon.png', contentType: 'image/png', source: swagger('favicon-32x32.png') },
  { name: 'LICENSE.txt', contentType: TEXT, source: swagger('LICENSE') },
  { name: 'swagger-ui-bundle.js.LICENSE.txt', contentType: TEXT, source: swagger('swagger-ui-bundle.js.LICENSE.txt') },
  { name: 'start.js', contentType: JS, source: own('openapi/docs/start.js') },
  { name: 'page.css', contentType: CSS, source: own('openapi/docs/page.css') },
  // As plain text, so that every browser shows it instead of saving it.
  { name: 'guide.md', contentType: TEXT, source: own('examples/guide.md'), optional: true },
];

/** The package's folder, found from this module, wherever the build put it and whatever the working directory is. */
function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && requireHere(join(folder, 'package.json')).name === 'snackbase')
      return folder;
  }
  throw new Error(`No package "snackbase" above ${start}.`);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const attribute = (text: string): string => text.replace(/[&<>"]/g, (c) => ENTITIES[c] as string);
