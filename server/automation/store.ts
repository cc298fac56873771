// The SQL of definitions as they are kept in memory: all of one kind, and the number that orders their changes.
import { plan } from '../db/plans.ts';

/** `kind` and `select` are our own texts, never a caller's. */
export const definitionPlans = (kind: string, select: string) => ({
  whole: plan(`
    select v.number, (select coalesce(json_agg(row_to_json(d)), '[]')::text from (${select}) d)
    from snackbase.automation_versions v where v.kind = '${kind}'`),
  counted: plan(`select number from snackbase.automation_versions where kind = '${kind}'`),
  next: plan(`update snackbase.automation_versions set number = number + 1 where kind = '${kind}' returning number`),
});
