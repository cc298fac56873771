// Every worked example holds: by its route's own schemas, and by the schemas that the document shows.
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { contract } from '../../contract/index.ts';
import { hasBody, isUpload, noBody, successStatus, z } from '../../contract/kit.ts';
import type { Media, Operation, PathItems } from '../../openapi/document.ts';
import { entriesOf, openApiDocument } from '../../openapi/generate.ts';

const document = openApiDocument(contract, { version: '0.1.0' });
const operations = new Map(
  Object.values(document.paths as unknown as PathItems)
    .flatMap((item) => Object.values(item))
    .map((operation) => [operation.operationId, operation]),
);

describe.each(entriesOf(contract))('$operationId', ({ operationId, route }) => {
  const { params = {}, query = {}, body, reply } = route.example;

  it('its example satisfies the route', () => {
    const names = route.path.match(/(?<=[:*])\w+/g) ?? [];
    expect(Object.keys(params).sort(), 'path parameters').toEqual([...names].sort());
    expect(route.pathParams.parse(params)).toEqual(params);

    if (route.query === undefined) expect(query, 'the route has no query').toEqual({});
    else
      expect(Object.keys(route.query.parse(query) as object), 'query').toEqual(
        expect.arrayContaining(Object.keys(query)),
      );

    if (isUpload(route.body)) expect(body, 'a body of text').toBeTypeOf('string');
    else if (hasBody(route)) (route.body as z.ZodType).parse(body);
    else expect(body, 'the route has no body').toBeUndefined();

    const schema = route.responses[successStatus(route)];
    if (schema === noBody) expect(reply).toBeUndefined();
    // Equal, because an object schema drops what it does not know, and the server would have to leave that out too.
    else if (schema instanceof z.ZodType) expect(schema.parse(reply)).toEqual(reply);
    else expect(reply).toBeTypeOf('string');
  });

  it('its example satisfies the document', () => {
    const operation = operations.get(operationId) as Operation;
    for (const media of Object.values(operation.requestBody?.content ?? {})) check(media);
    for (const media of Object.values(operation.responses[successStatus(route)]?.content ?? {})) check(media);
    for (const parameter of operation.parameters ?? []) {
      if ('in' in parameter && parameter.example !== undefined) check(parameter);
    }
  });
});

const ajv = new Ajv2020({ strict: false, allErrors: true });
(addFormats as unknown as (ajv: Ajv2020) => void)(ajv);

function check({ schema, example }: Media): void {
  // The components travel with the schema under the same pointer, so that its references resolve.
  const validate = ajv.compile({ ...schema, components: document.components });
  validate(example);
  expect(validate.errors).toBeNull();
}
