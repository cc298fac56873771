// The document as a whole: valid by two independent validators, complete, unambiguous, and the checked-in copy is fresh.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { contract } from '../../contract/index.ts';
import { CATALOGUE, type ProblemBody } from '../../contract/problems.ts';
import type { Operation, PathItems } from '../../openapi/document.ts';
import { entriesOf, openApiDocument, toYaml } from '../../openapi/generate.ts';
import { renderOpenApi } from '../../openapi/write.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const document = openApiDocument(contract, { version: '0.1.0', serverUrl: 'https://api.example.com' });
const paths = document.paths as unknown as PathItems;
const operations = Object.values(paths).flatMap((item) => Object.values(item));
const entries = entriesOf(contract);
const operationOf = (id: string) => operations.find((o) => o.operationId === id) as Operation;

describe('validity', () => {
  it('passes the official schema', async () => {
    const result = await new Validator().validate(structuredClone(document) as never);
    expect(result).toMatchObject({ valid: true });
  });

  it("passes Redocly's own checker, with its references, parameters, security and examples", async () => {
    expect(await redocly(document)).toEqual([]);
  });

  it('is checked by two that see mistakes', async () => {
    const broken = structuredClone(document) as unknown as { paths: Record<string, { get: Record<string, unknown> }> };
    const { get } = broken.paths['/health'] as { get: Record<string, unknown> };
    get.responses = { 200: { content: {} } };
    expect(await new Validator().validate(structuredClone(broken) as never)).toMatchObject({ valid: false });
    expect(await redocly(broken)).toContainEqual(expect.stringMatching(/^struct: .*description/));
  });

  it('says the same in YAML', () => {
    expect(parse(toYaml(document))).toEqual(JSON.parse(JSON.stringify(document)));
  });
});

describe('completeness', () => {
  it('has every route of the contract once and nothing else', () => {
    const inContract = entries.map(({ route }) => `${route.method} ${route.path.replace(/[:*](\w+)/g, '{$1}')}`);
    const inDocument = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...inDocument].sort()).toEqual([...inContract].sort());
    expect(new Set(inContract).size).toBe(inContract.length);
  });

  it('gives every operation its own id, one known tag, a summary and its metadata', () => {
    expect(new Set(operations.map((o) => o.operationId)).size).toBe(entries.length);
    const tags = document.tags?.map((t) => t.name);
    expect(tags).toEqual(Object.keys(contract));
    for (const { operationId, room, route } of entries) {
      expect(operationOf(operationId)).toMatchObject({
        tags: [room],
        summary: route.summary,
        'x-snackbase': route.metadata,
      });
    }
  });

  it('asks for a credential exactly where the contract does', () => {
    const credentials = [{ bearerAuth: [] }, { cookieAuth: [] }];
    for (const { operationId, route } of entries) {
      const { who } = route.metadata;
      const expected = who === 'anyone' ? [] : who === 'rules' ? [...credentials, {}] : credentials;
      expect(operationOf(operationId).security, operationId).toEqual(expected);
    }
  });

  it('lists the codes of every error response', () => {
    const shared = document.components?.responses as Record<string, { content: object }>;
    for (const { operationId, route } of entries) {
      for (const [status, schema] of Object.entries(route.responses)) {
        const response = operationOf(operationId).responses[status];
        expect(response, `${operationId} ${status}`).toBeDefined();
        if (Number(status) < 400) continue;
        const ref = response?.$ref as string | undefined;
        const whole = ref === undefined ? response : shared[ref.split('/').at(-1) as string];
        const [, refined] = (
          whole as never as { content: { 'application/json': { schema: { allOf: [object, Refinement] } } } }
        ).content['application/json'].schema.allOf;
        expect([...refined.properties.code.enum].sort()).toEqual(
          [...(schema as ProblemBody).shape.code.options].sort(),
        );
      }
    }
    const problem = document.components?.schemas?.Problem as unknown as Refinement;
    expect(problem.properties.code.enum).toEqual(Object.keys(CATALOGUE));
  });

  it('describes every parameter in its place only, and every path parameter has an example', () => {
    for (const operation of operations) {
      for (const parameter of operation.parameters ?? []) {
        if (!('in' in parameter)) continue;
        expect(parameter.schema, `${operation.operationId} ${parameter.name}`).not.toHaveProperty('description');
        if (parameter.in === 'path') expect(parameter, operation.operationId).toHaveProperty('example');
      }
    }
  });
});

describe('the copies', () => {
  it('openapi/openapi.json is what the contract says now (else: npm run gen)', async () => {
    expect(await readFile(`${ROOT}openapi/openapi.json`, 'utf8')).toBe(await renderOpenApi(ROOT));
  });

  it('names the server it is told', () => {
    expect(document.servers).toEqual([{ url: 'https://api.example.com' }]);
    expect(openApiDocument(contract, { version: '1.2.3' })).toMatchObject({
      servers: [{ url: '/' }],
      info: { version: '1.2.3' },
    });
  });

  it('is a function of the contract: twice the same text', () => {
    const again = openApiDocument(contract, { version: '0.1.0', serverUrl: 'https://api.example.com' });
    expect(JSON.stringify(again)).toBe(JSON.stringify(document));
  });
});

const RULES = {
  struct: 'error',
  'no-unresolved-refs': 'error',
  'operation-operationId-unique': 'error',
  'path-parameters-defined': 'error',
  'path-declaration-must-exist': 'error',
  'no-identical-paths': 'error',
  'operation-parameters-unique': 'error',
  'no-unused-components': 'error',
  'security-defined': 'error',
  'no-invalid-media-type-examples': 'error',
  'no-invalid-schema-examples': 'error',
  'no-invalid-parameter-examples': 'error',
} as const;

async function redocly(value: object): Promise<string[]> {
  const config = await createConfig({ rules: RULES });
  const problems = await lintFromString({ source: JSON.stringify(value), config });
  return problems.map((p) => `${p.ruleId}: ${p.message} at ${p.location[0]?.pointer}`);
}

interface Refinement {
  readonly properties: { readonly code: { readonly enum: readonly string[] } };
}
