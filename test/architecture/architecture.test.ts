// The laws of the house: who may import whom, where SQL and Express live, how large a file may grow.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});
const files = listed
  .split('\n')
  .filter((f) => /^(contract|server|sdk|openapi|examples|test|bench)\/.*\.(ts|mjs|js)$/.test(f));
const sources = files.filter(
  (f) => /^(contract|server|sdk\/src|openapi)\//.test(f) && !/\.gen\.ts$/.test(f) && !f.startsWith('sdk/dist'),
);
const text = new Map(files.map((f) => [f, readFileSync(join(root, f), 'utf8')]));

interface Import {
  readonly from: string;
  /** A file of ours, or a package's name. */
  readonly to: string;
  readonly typeOnly: boolean;
}
const IMPORT = /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^;'"]*?from\s*'([^']+)'|\bimport\('([^']+)'\)/g;
const imports: Import[] = sources.flatMap((from) =>
  [...(text.get(from) as string).matchAll(IMPORT)].map((m) => {
    const spec = (m[2] ?? m[3]) as string;
    const to = spec.startsWith('.') ? normalize(join(dirname(from), spec)) : spec;
    return { from, to, typeOnly: m[1] !== undefined };
  }),
);
const room = (file: string): string =>
  file
    .split('/')
    .slice(0, file.startsWith('server/') && file.split('/').length > 2 ? 2 : 1)
    .join('/');
const offenders = (law: (i: Import) => boolean): string[] => imports.filter(law).map((i) => `${i.from} → ${i.to}`);
const isPackage = (to: string, name: string) => to === name || to.startsWith(`${name}/`);

const SHARED = [
  'contract',
  'server/config.ts',
  'server/context.ts',
  'server/faults.ts',
  'server/ids.ts',
  'server/log.ts',
  'server/version.ts',
  'server/json-text.ts',
  'server/sealed-box.ts',
  'server/pass.ts',
  'server/text.ts',
];
const isShared = (to: string) => SHARED.some((s) => to === s || to.startsWith(`${s}/`));
const LAYERS = ['server/db', 'server/expression', 'server/access', 'server/events', 'server/schema', 'server/http'];
const isRoom = (name: string) =>
  name.startsWith('server/') && !name.endsWith('.ts') && !LAYERS.includes(name) && name !== 'server/cli';

describe('architecture', () => {
  it('every import of ours resolves to a file', () => {
    // If the pattern above stopped finding imports, every law below would hold.
    expect(imports.length).toBeGreaterThan(sources.length * 2);
    expect(
      offenders((i) => /^(contract|server|sdk|openapi)\//.test(i.to) && !text.has(i.to) && !i.to.endsWith('.mjs')),
    ).toEqual([]);
  });

  it('contract imports nothing of ours, no node: and no other package than zod and ts-rest', () => {
    expect(
      offenders(
        (i) =>
          i.from.startsWith('contract/') && !i.to.startsWith('contract/') && !['zod', '@ts-rest/core'].includes(i.to),
      ),
    ).toEqual([]);
  });

  it('openapi imports only the contract of ours; sdk imports the contract only by type or generation', () => {
    expect(offenders((i) => i.from.startsWith('openapi/') && /^(server|sdk)\//.test(i.to))).toEqual([]);
    expect(
      offenders(
        (i) =>
          i.from.startsWith('sdk/src/') &&
          !i.to.startsWith('sdk/src/') &&
          // Bundled into what is published.
          i.to !== 'eventsource-parser' &&
          !(i.typeOnly && i.to.startsWith('contract/')),
      ),
    ).toEqual([]);
  });

  it('ts-rest stands in contract/kit.ts and server/http/mount.ts only, express in server/http, pg and pglite in server/db', () => {
    expect(
      offenders((i) => i.to.startsWith('@ts-rest/') && !['contract/kit.ts', 'server/http/mount.ts'].includes(i.from)),
    ).toEqual([]);
    expect(offenders((i) => isPackage(i.to, 'express') && !i.from.startsWith('server/http/'))).toEqual([]);
    expect(
      offenders(
        (i) =>
          ['pg', 'pg-protocol', '@electric-sql/pglite'].some((p) => isPackage(i.to, p)) &&
          !i.from.startsWith('server/db/'),
      ),
    ).toEqual([]);
  });

  it('layers only look down', () => {
    const allowed: Record<string, readonly string[]> = {
      'server/db': [],
      'server/expression': [],
      'server/access': ['server/db', 'server/expression', 'server/schema'],
      'server/events': ['server/db', 'server/expression'],
      'server/schema': ['server/db', 'server/expression'],
    };
    for (const [layer, below] of Object.entries(allowed)) {
      expect(
        offenders(
          (i) =>
            room(i.from) === layer &&
            i.to.startsWith('server/') &&
            !isShared(i.to) &&
            room(i.to) !== layer &&
            !below.includes(room(i.to)),
        ),
      ).toEqual([]);
    }
    expect(
      offenders(
        (i) =>
          room(i.from) === 'server/http' &&
          i.to.startsWith('server/') &&
          !isShared(i.to) &&
          !['server/http', 'server/db'].includes(room(i.to)),
      ),
    ).toEqual([]);
  });

  it("a room uses another room's service, never its store", () => {
    expect(
      offenders(
        (i) =>
          isRoom(room(i.from)) && isRoom(room(i.to)) && room(i.from) !== room(i.to) && !/\/service\.ts$/.test(i.to),
      ),
    ).toEqual([]);
    expect(offenders((i) => isRoom(room(i.from)) && room(i.to) === 'server/http')).toEqual([]);
  });

  it('there are no import cycles, types included', () => {
    const graph = new Map<string, string[]>();
    for (const { from, to } of imports) if (text.has(to)) graph.set(from, [...(graph.get(from) ?? []), to]);
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
        return;
      }
      state.set(file, 'open');
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of sources) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('SQL text stands where SQL belongs', () => {
    const home = /(\/store\.ts|\/store\/|to-sql\.ts|^server\/schema\/|^server\/db\/|events\/outbox\.ts)/;
    const sql =
      /[`'"]\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|alter\s+table\s|create\s+(table|index)\s)/i;
    expect(sources.filter((f) => f.startsWith('server/') && !home.test(f) && sql.test(text.get(f) as string))).toEqual(
      [],
    );
  });

  it('routes.ts has no logic: no if, no await, no try', () => {
    const withLogic = sources.filter(
      (f) =>
        f.endsWith('/routes.ts') &&
        /\b(if|await|try|for|while|switch)\b\s*[({]/.test((text.get(f) as string).replace(/\/\/.*/g, '')),
    );
    expect(withLogic).toEqual([]);
  });

  it('every file says its charge in its first line', () => {
    const silent = files.filter(
      (f) => !/^(#!.*\n)?(\/\/|\/\*\*?) ?\S/.test(text.get(f) as string) && !f.endsWith('.gen.ts'),
    );
    expect(silent).toEqual([]);
  });

  it('no file is over 350 lines, nine in ten are under 220, the median is about 90, and no name is a shrug', () => {
    const lines = sources.map((f) => ({ f, n: (text.get(f) as string).split('\n').length })).sort((a, b) => a.n - b.n);
    expect(lines.filter((l) => l.n > 350)).toEqual([]);
    expect(lines[Math.floor(lines.length * 0.9)]?.n).toBeLessThan(220);
    expect(lines[Math.floor(lines.length / 2)]?.n).toBeLessThan(120);
    expect(sources.filter((f) => /(^|\/)(utils?|helpers?|common|manager|impl)\.ts$/.test(f))).toEqual([]);
    expect(sources.filter((f) => !/^[a-z0-9.-]+$/.test(f.split('/').at(-1) as string))).toEqual([]);
  });

  it('nothing is left over', () => {
    const marker = new RegExp(['TO' + 'DO', 'FIX' + 'ME', '@ts-' + 'ignore', '\\bas a' + 'ny\\b'].join('|'));
    expect(files.filter((f) => !f.startsWith('test/architecture/') && marker.test(text.get(f) as string))).toEqual([]);
  });
});
