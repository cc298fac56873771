// Component names: what `.meta({ id })` calls a schema becomes its name in the document, without touching zod's prototypes.
import { zodToOpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import { z } from '../contract/kit.ts';

/**
 * Runs `work` while the generator knows the names of all schemas that are reachable from `roots`.
 * The generator's registry is global, so the names are taken out again: a document is a function of its contract alone.
 */
export function withComponentNames<T>(roots: readonly z.ZodType[], work: () => T): T {
  const named = new Map<z.core.$ZodType, string>();
  for (const root of roots) {
    // zod visits every sub-schema of what it converts; the conversion itself is not needed here.
    z.toJSONSchema(root, {
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema }) => {
        const id = z.globalRegistry.get(zodSchema)?.id;
        if (id !== undefined) named.set(zodSchema, id);
      },
    });
  }
  for (const [schema, refId] of named) zodToOpenAPIRegistry.add(schema, { _internal: { refId } });
  try {
    return work();
  } finally {
    for (const schema of named.keys()) zodToOpenAPIRegistry.remove(schema);
  }
}
