// The files that stand beside the bundle in dist/: the database worker, the packed first-start template, Swagger UI.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyDocsAssets } from '../../openapi/docs.ts';
import { buildTemplate } from '../db/template.ts';

/** Called by the build with the checkout and its dist/. The template is made anew only when PGlite changes, because it takes seconds. */
export async function writeAssets(root: string, dist: string): Promise<void> {
  copyFileSync(join(root, 'server/db/embedded-worker.mjs'), join(dist, 'embedded-worker.mjs'));
  await copyDocsAssets(join(dist, 'docs'));
  const template = join(dist, 'pglite-template.tar.gz');
  const label = `${template}.version`;
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const version = dependencies['@electric-sql/pglite'] as string;
  if (existsSync(template) && existsSync(label) && readFileSync(label, 'utf8') === version) return;
  await buildTemplate(template);
  writeFileSync(label, version);
}
