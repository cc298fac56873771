// Reading a manifest: every entity is judged by itself, so that all problems are told at once, each at its place.

import { entriesOf } from '../../contract/issues.ts';
import { AppId, Entity, ManifestOutline } from '../../contract/manifest.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import type { DeployedEntity } from '../collections/service.ts';

/** A manifest as it came. */
export interface SentManifest {
  /** Empty where it could not be read. */
  readonly appId: string;
  readonly raw: Readonly<Record<string, unknown>>;
  /** Throws nothing. */
  read(): ReadManifest;
}

export interface ReadManifest {
  /** Those that could be read. */
  readonly entities: readonly DeployedEntity[];
  /** Names of those that could not. */
  readonly unread: ReadonlySet<unknown>;
  readonly problems: readonly ProblemEntry[];
}

/** Apps that come from nowhere else, and names that would be taken for something of the server or of PostgreSQL. */
const RESERVED = /^(?:main|core|system|snackbase|public|information_schema|pg_.*)$/;

/** Keys of other servers' manifests, and what does here what they ask for. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  permissions: 'grant roles what they may do with PATCH /api/v1/roles/{id}',
  public: 'open entities with their rules (`list_rule: ""`)',
};

/** `appId` is that of the address, where the address has one. */
export function sentManifest(input: unknown, appId?: string): SentManifest {
  const sent = isObject(input) ? input : {};
  const raw = appId === undefined || 'appId' in sent || 'app_id' in sent ? sent : { app_id: appId, ...sent };
  // Also where another key is wrong: with a name the entities can be judged.
  const id = AppId.safeParse(raw.app_id ?? raw.appId).data ?? '';
  return { appId: id, raw, read: () => readManifest(isObject(input) ? raw : input, id, appId) };
}

function readManifest(input: unknown, id: string, appId: string | undefined): ReadManifest {
  const raw = isObject(input) ? input : {};
  const outline = ManifestOutline.safeParse(input);
  const problems: ProblemEntry[] = outline.success ? [] : entriesOf(outline.error.issues, [], { input }).map(hinted);
  const key = ['dataContract', 'data_contract', 'entities'].find((one) => one in raw) ?? 'data_contract';
  const listed = outline.success ? outline.data.data_contract : Array.isArray(raw[key]) ? (raw[key] as unknown[]) : [];
  const entities: DeployedEntity[] = [];
  const unread = new Set<unknown>();
  const seen = new Map<string, string>();
  for (const [i, one] of listed.entries()) {
    const parsed = Entity.safeParse(one);
    const place = `${key}.${i}`;
    if (!parsed.success) {
      problems.push(...entriesOf(parsed.error.issues, [key, i], { input: one }));
      if (isObject(one)) unread.add(one.entityName ?? one.entity_name ?? one.name);
      continue;
    }
    const { entity_name: name, fields: schema, ...rest } = parsed.data;
    const first = seen.get(name.toLowerCase());
    if (first === undefined) entities.push({ name, schema, ...rest, at: placing(place) });
    else {
      const message = `The entity ${first} is there already: names must differ in more than their case.`;
      problems.push({ field: `${place}.entity_name`, code: 'entity_name_duplicate', message });
    }
    seen.set(name.toLowerCase(), first ?? name);
  }
  if (RESERVED.test(id))
    problems.push({
      field: 'app_id',
      code: 'app_id_reserved',
      message: `${id} is a reserved name: choose another one.`,
    });
  if (appId !== undefined && id !== '' && id !== appId)
    problems.push({ field: 'app_id', code: 'app_id_differs', message: `The address names ${appId}: make them equal.` });
  return { entities, unread, problems };
}

/** Where a key of a collection's definition stands in the manifest. */
const placing =
  (place: string) =>
  (field: string): string =>
    `${place}.${field.replace(/^schema(?=\.|$)/, 'fields').replace(/^name$/, 'entity_name')}`;

const hinted = (entry: ProblemEntry): ProblemEntry => {
  const hint = Object.hasOwn(ELSEWHERE, entry.field) ? ELSEWHERE[entry.field] : undefined;
  return hint === undefined ? entry : { ...entry, message: `${entry.message} Leave it out and ${hint}.` };
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
