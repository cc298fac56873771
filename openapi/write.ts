// Writes openapi/openapi.json, the checked-in document of the system API.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contract } from '../contract/index.ts';
import { openApiDocument } from './generate.ts';

/** The text of openapi/openapi.json for the package at `root`. */
export async function renderOpenApi(root: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return `${JSON.stringify(openApiDocument(contract, { version }), null, 2)}\n`;
}

/** Writes the file anew; part of `npm run gen`. */
export async function writeOpenApi(root: string): Promise<void> {
  await writeFile(join(root, 'openapi', 'openapi.json'), await renderOpenApi(root));
}
