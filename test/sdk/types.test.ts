// Types: the fixture compiles with every planted mistake caught, and the client's sources need nothing of Node or a page.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** What tsc says about the files with the options of a tsconfig. */
function diagnose(config: string, files: string[]): string[] {
  const read = ts.getParsedCommandLineOfConfigFile(
    join(root, config),
    { noEmit: true },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => {},
    },
  );
  const program = ts.createProgram(files.length > 0 ? files : (read?.fileNames ?? []), read?.options ?? {});
  return ts
    .getPreEmitDiagnostics(program)
    .map((d) => `${d.file?.fileName}:${d.start} ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`);
}

test('S000-19 typed items compile, and each planted mistake is an error', () => {
  const fixture = join(import.meta.dirname, 'types.fixture.ts');
  expect(diagnose('tsconfig.json', [fixture])).toEqual([]);
  expect(readFileSync(fixture, 'utf8').match(/@ts-expect-error/g)?.length).toBeGreaterThanOrEqual(40);
}, 60_000);

test('the sources compile with the library of a worker and without the types of Node', () => {
  expect(diagnose('sdk/tsconfig.json', [])).toEqual([]);
}, 60_000);

test('the sources import only each other, and the parser of event streams that the build takes in', () => {
  const folder = join(root, 'sdk/src');
  for (const file of readdirSync(folder)) {
    const imports = [...readFileSync(join(folder, file), 'utf8').matchAll(/from '([^']+)'/g)].map((match) => match[1]);
    const parser = file === 'sse.ts' ? ['eventsource-parser'] : [];
    const others = imports.filter((from) => !/^\.\/[\w.-]+\.ts$/.test(from ?? ''));
    expect(others, file).toEqual(parser);
  }
});
