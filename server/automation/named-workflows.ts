// Workflows that a definition names, to be there when it is stored.
import type { ProblemEntry } from '../../contract/problems.ts';
import type { Runner } from '../db/database.ts';
import { suggestion } from '../expression/nearest.ts';
import { workflowNames } from './store.ts';

interface Named {
  readonly at: string;
  readonly workflow: string;
}

const NAMING: ReadonlySet<unknown> = new Set(['trigger_workflow', 'workflow']);

/** Those that are written out, wherever actions and steps stand; what a template becomes shows when it runs. */
function namedIn(value: unknown, at: string): Named[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((one, i) => namedIn(one, `${at}[${i}]`));
  const { type, workflow } = value as { readonly type?: unknown; readonly workflow?: unknown };
  const own = NAMING.has(type) && typeof workflow === 'string' && !workflow.includes('{{');
  const parts = ['action', 'query', 'step', 'steps', 'branches'].flatMap((key) =>
    namedIn((value as Record<string, unknown>)[key], `${at}.${key}`),
  );
  return own ? [{ at: `${at}.workflow`, workflow }, ...parts] : parts;
}

/** Actions or steps of an account; `self`: id and slug of the workflow that is being stored. */
export async function unknownWorkflows(
  run: Runner,
  accountId: string,
  {
    at,
    parts,
    self = [],
  }: { readonly at: string; readonly parts: readonly unknown[]; readonly self?: readonly string[] },
): Promise<ProblemEntry[]> {
  const named = namedIn(parts, at).filter(({ workflow }) => !self.includes(workflow));
  if (named.length === 0) return [];
  const known = await workflowNames(run, accountId);
  const slugs = known.map(({ slug }) => slug);
  const there = new Set(known.flatMap(({ id, slug }) => [id, slug]));
  return named
    .filter(({ workflow }) => !there.has(workflow.toLowerCase()))
    .map(({ at: field, workflow }) => {
      const name = workflow.slice(0, 100);
      const hint = suggestion(name, slugs, 'workflows') ?? 'Make it first.';
      const message = `There is no workflow ${name}. ${hint}`;
      return { field, code: 'unknown_workflow', message, hint };
    });
}
