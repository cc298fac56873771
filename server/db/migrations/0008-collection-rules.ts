// Rules and field lists live with the collection they guard.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    alter table snackbase.collections add column access jsonb not null default
      '{"rules": {"list": null, "view": null, "create": null, "update": null, "delete": null},
        "fields": {"list": null, "view": null, "create": null, "update": null}}';
  `);
};
