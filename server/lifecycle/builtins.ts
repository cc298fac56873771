// What the server itself does at the events of its records, in its order: listed with the hooks, and not to be removed.
import type { BuiltinHook, EventName } from '../../contract/lifecycle.ts';

type Step = Omit<BuiltinHook, 'event'>;

const first = (name: string, description: string): Step => ({ name, runs: 'before_hooks', description });
const last = (name: string, description: string): Step => ({ name, runs: 'after_hooks', description });

const ACCOUNT = first('builtin.account_isolation', 'The account is decided: records of others do not exist.');
const RULES = first(
  'builtin.rules',
  'Rules, permissions and scopes decide whether the caller may, and on which fields.',
);
const VALIDATION = first('builtin.validation', 'The body is judged: every problem is reported at once.');
const AGAIN = last('builtin.validation_again', 'What hooks made of the values is judged like a body.');
const BY = last('builtin.created_by', 'created_by and updated_by name the caller.');
const STAMPS = last('builtin.timestamps', 'created_at and updated_at are the time of the transaction.');
const AUDIT = last('builtin.audit_capture', 'Each changed column goes into the audit trail, in the same statement.');
const EVENT = last('builtin.event', 'The change goes into the log of events, in the same statement.');
const final = (rule: string) => last('builtin.final_rule', `The ${rule} rule judges the record as it will be stored.`);

const STEPS: Partial<Record<EventName, readonly Step[]>> = {
  on_record_before_create: [ACCOUNT, RULES, VALIDATION, AGAIN, final('create'), BY, STAMPS, AUDIT, EVENT],
  on_record_before_update: [ACCOUNT, RULES, VALIDATION, AGAIN, final('update'), BY, STAMPS, AUDIT, EVENT],
  on_record_before_delete: [ACCOUNT, RULES, AUDIT, EVENT],
  on_record_before_query: [
    ACCOUNT,
    RULES,
    last('builtin.query_check', "The query is judged under the caller's rules."),
  ],
};

/** In the order of events, and of each event in that of its steps. */
export const BUILTINS: readonly BuiltinHook[] = Object.entries(STEPS).flatMap(([event, steps]) =>
  steps.map((step) => ({ event, ...step })),
);
