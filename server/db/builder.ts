// The SQL builder that every store compiles its statements with; it has no connection.
import knex, { type Knex } from 'knex';

/** knex for PostgreSQL, for `.toSQL().toNative()` only: running anything through it fails. */
export const builder: Knex = knex({ client: 'pg' });
