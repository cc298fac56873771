// The SQL of apps and of their deployments.
import type { DeployOutcome } from '../../contract/apps.ts';
import type { Runner } from '../db/database.ts';

type Json = Readonly<Record<string, unknown>>;

export interface AppRow {
  readonly id: string;
  /** As it was sent. */
  readonly manifest: Json;
  readonly revision: number;
  /** Of tables and definitions when the last deploy ended, null where that cannot be relied upon. */
  readonly state: string | null;
  readonly entities: string[];
  readonly created_at: string;
  readonly updated_at: string;
}

export interface DeploymentRow {
  readonly id: string;
  readonly app: string;
  readonly revision: number;
  readonly manifest: Json;
  readonly changes: DeployOutcome['changes'];
  readonly deployed_by: Json | null;
  readonly created_at: string;
}

const COLUMNS = `id, manifest, revision, state, created_at, updated_at,
  array(select c.name from snackbase.collections c where c.app = apps.id order by c.name) as entities`;

interface Window {
  readonly limit: number;
  readonly skip: number;
}

/** A page of apps and the number of all. */
export async function list(run: Runner, { limit, skip }: Window): Promise<{ rows: AppRow[]; total: number }> {
  const rows = await run.query<AppRow>(`select ${COLUMNS} from snackbase.apps order by id limit $1 offset $2`, [
    limit,
    skip,
  ]);
  const [counted] = await run.query<{ n: number }>('select count(*) as n from snackbase.apps');
  return { rows, total: counted?.n ?? 0 };
}

export async function find(run: Runner, id: string): Promise<AppRow | undefined> {
  return (await run.query<AppRow>(`select ${COLUMNS} from snackbase.apps where id = $1`, [id]))[0];
}

/** Stores a manifest as the app's next revision and answers which that is. */
export async function put(run: Runner, id: string, manifest: Json): Promise<number> {
  const [row] = await run.query<{ revision: number }>(
    `insert into snackbase.apps (id, manifest) values ($1, $2)
     on conflict (id) do update set manifest = excluded.manifest, revision = apps.revision + 1, updated_at = now()
     returning revision`,
    [id, JSON.stringify(manifest)],
  );
  return row?.revision ?? 1;
}

/** Remembers the state that a deploy ended in. */
export async function mark(run: Runner, id: string, state: string | null): Promise<void> {
  await run.query('update snackbase.apps set state = $2 where id = $1 and state is distinct from $2', [id, state]);
}

/** A mark of the app's definitions and permissions, another one after any change of them. */
export async function definitionsMark(run: Runner, app: string): Promise<string> {
  const [row] = await run.query<{ mark: string }>(
    `select count(*) || ':' || coalesce(sum(hashtextextended(part, 0)), 0) as mark from (
       select id || ':' || xmin from snackbase.collections where app = $1
       union all select id || ':' || xmin from snackbase.permissions where split_part(collection, '.', 1) = $1
     ) as parts (part)`,
    [app],
  );
  return row?.mark ?? '';
}

export async function remove(run: Runner, id: string): Promise<void> {
  await run.query('delete from snackbase.apps where id = $1', [id]);
}

/** Keeps what a deploy did. */
export async function keepDeployment(run: Runner, row: Omit<DeploymentRow, 'created_at'>): Promise<void> {
  await run.query(
    `insert into snackbase.deployments (id, app, revision, manifest, changes, deployed_by)
     values ($1, $2, $3, $4, $5, $6)`,
    [
      row.id,
      row.app,
      row.revision,
      JSON.stringify(row.manifest),
      JSON.stringify(row.changes),
      JSON.stringify(row.deployed_by),
    ],
  );
}

/** A page of an app's deployments, the newest first, and the number of all. */
export async function deployments(
  run: Runner,
  app: string,
  { limit, skip }: Window,
): Promise<{ rows: DeploymentRow[]; total: number }> {
  const rows = await run.query<DeploymentRow>(
    `select id, app, revision, manifest, changes, deployed_by, created_at from snackbase.deployments
     where app = $1 order by created_at desc, id desc limit $2 offset $3`,
    [app, limit, skip],
  );
  const [counted] = await run.query<{ n: number }>('select count(*) as n from snackbase.deployments where app = $1', [
    app,
  ]);
  return { rows, total: counted?.n ?? 0 };
}
