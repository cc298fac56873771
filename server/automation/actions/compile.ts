// Actions as they are stored become actions as they run: every template, condition and name is judged once.
import type { Action, ActionType } from '../../../contract/actions.ts';
import type { ProblemEntry } from '../../../contract/problems.ts';
import { type MacroSource, NO_MACROS, ruleScope } from '../../access/rule.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import { cut } from '../../text.ts';
import { type Condition, compileCondition } from '../conditions.ts';
import {
  asHtml,
  compileBody,
  compileTemplate,
  compileText,
  compileUrl,
  type Judged,
  type Template,
  type Values,
} from '../templates.ts';
import type { Shape, Vocabulary } from '../vocabulary.ts';
import { ADDRESS } from './address.ts';
import { compileFilter, type FilterTemplate } from './filter.ts';
import { judgeAggregate, judgeData, judgeHeaders, judgeUrl, type Storing, unwritable } from './written.ts';

export interface CompiledAction {
  readonly type: ActionType;
  readonly name: string | null;
  readonly action: Action;
  readonly condition: Condition;
  readonly onError: 'stop' | 'continue';
  /** The options with their values, templates filled. Throws TemplateError. */
  options(values: Values): Record<string, unknown>;
}

export interface CompileOptions {
  readonly vocabulary: Vocabulary;
  /** See `compileCondition`. */
  readonly bare?: readonly string[] | undefined;
  /** Where actions stand in what was sent, for problems. */
  readonly at: string;
  readonly problems: ProblemEntry[];
  readonly definitionOf: (name: string) => CollectionDef | undefined;
  readonly macros?: MacroSource;
  /** Handlers of jobs that there are; left out where that is not known. */
  readonly handlers?: readonly string[];
  /** Nothing can be stopped where it has happened already. */
  readonly mayAbort: boolean;
  /** Before a record is written: of which collection, where that is known. */
  readonly writing?: { readonly collection: CollectionDef | undefined };
  /** Left out of what is stored already. */
  readonly storing?: Storing | undefined;
}

/** What later templates know of actions that ran: `actions[0].result`, `actions.total.result`. */
export const OUTCOMES: Shape = { result: 'any', status: 'text', error: 'any' };

/** Names of actions at one place; an index below `count` works too. */
export const outcomesShape = (names: readonly (string | undefined)[]): Shape =>
  Object.fromEntries(
    names.flatMap((name, i) => [
      [String(i), OUTCOMES] as const,
      ...(name === undefined ? [] : [[name, OUTCOMES] as const]),
    ]),
  );

/** Judges all actions; each one's templates know the outcomes of those before it. Problems are told with their places. */
export function compileActions(actions: readonly Action[], options: CompileOptions): CompiledAction[] {
  const { at, problems } = options;
  const seen = new Set<string>();
  return actions.map((action, i) => {
    const where = `${at}[${i}]`;
    if (action.name !== undefined && seen.has(action.name))
      problems.push({ field: `${where}.name`, code: 'duplicate', message: `Two actions are called ${action.name}.` });
    if (action.name !== undefined) seen.add(action.name);
    const known = outcomesShape(actions.slice(0, i).map(({ name }) => name));
    return compileAction(action, { ...options, at: where, vocabulary: { ...options.vocabulary, actions: known } });
  });
}

/** Judges one action; `at` is its own place. */
export function compileAction(action: Action, options: CompileOptions): CompiledAction {
  const { vocabulary, at, problems, bare, macros } = options;
  const condition = compileCondition(action.condition, {
    vocabulary,
    at: `${at}.condition`,
    problems,
    ...(bare && { bare }),
    ...(macros && { macros }),
  });
  return {
    type: action.type,
    name: action.name ?? null,
    action,
    condition,
    onError: action.on_error ?? 'stop',
    options: optionsOf(action, options),
  };
}

const PLAIN = /^[-+]?(?:(?:year|month|week|day|hour)\(\s*)?([A-Za-z_]\w*)\s*\)?$/;
const FUNCTION = /^(?:count|sum|avg|min|max)\(\s*([A-Za-z_]\w*)?\s*\)$/i;

function optionsOf(action: Action, options: CompileOptions): CompiledAction['options'] {
  const { vocabulary, at, problems, definitionOf, handlers, mayAbort, storing, macros = NO_MACROS } = options;
  const judged = (key: string): Judged => ({ vocabulary, problems, at: `${at}.${key}` });
  const wrong = (key: string, code: string, message: string) => problems.push({ field: `${at}.${key}`, code, message });
  const template = (key: string, value: unknown): Template => compileTemplate(value, judged(key));
  const all = (given: Record<string, unknown>) => {
    const templates = Object.entries(given).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, template(key, value)] as const],
    );
    return (values: Values) => Object.fromEntries(templates.map(([key, one]) => [key, one.render(values)]));
  };
  const collection = (name: string): CollectionDef | undefined => {
    const def = definitionOf(name);
    if (def === undefined) wrong('collection', 'unknown_collection', `There is no collection ${name}.`);
    return def;
  };
  const fieldsOf = (
    def: CollectionDef | undefined,
    data: Readonly<Record<string, unknown>>,
    kind: 'create' | 'update' | 'set',
  ) => {
    if (def === undefined) return;
    const key = kind === 'set' ? 'fields' : 'data';
    for (const name of Object.keys(data)) if (!def.byName.has(name)) wrong(`${key}.${name}`, ...unwritable(def, name));
    if (storing !== undefined) judgeData(def, data, kind, judged(key), storing);
  };
  const scopeOf = ({ shown }: CollectionDef) =>
    ruleScope(
      shown.map(({ field }) => field),
      'list',
      macros,
    );
  const filtered = (filter: string | Readonly<Record<string, unknown>> | undefined, def: CollectionDef | undefined) => {
    if (filter === undefined) return null;
    return compileFilter(filter, judged('filter'), def === undefined ? null : scopeOf(def));
  };
  const withFilter = (filter: FilterTemplate | null, render: (values: Values) => Record<string, unknown>) =>
    filter === null ? render : (values: Values) => ({ ...render(values), ...filter.render(values) });

  /** What decides on what is read is written out, or a value would. */
  const written = (key: string, names: unknown) => {
    if (JSON.stringify(names ?? '').includes('{{'))
      wrong(key, 'template_not_allowed', `${key} names fields, which no value may choose: write them out.`);
  };

  /** Names of fields, alone or as `pattern` finds them; what a template stands for shows when it runs. */
  const namesOf = (def: CollectionDef | undefined, key: string, given: unknown, pattern = PLAIN) => {
    const text = Array.isArray(given) ? given.join() : String(given ?? '');
    if (def === undefined || text.trim() === '' || text.includes('{{')) return;
    const { field: known } = scopeOf(def);
    for (const part of text.split(',').map((one) => one.trim())) {
      const found = pattern.exec(part);
      const name = found?.[1] ?? '';
      if (found === null) wrong(key, 'invalid_value', `${cut(part, 60)} cannot be meant in ${key}.`);
      else if (name !== '' && name !== 'deleted_at' && known(name) === undefined)
        wrong(key, 'unknown_field', `${def.qualifiedName} has no field ${name}.`);
    }
  };

  switch (action.type) {
    case 'send_webhook': {
      const { url, method, headers, body, body_template, timeout_seconds } = action;
      if (body !== undefined && body_template !== undefined)
        wrong('body_template', 'conflict', 'Send body or body_template, not both.');
      if (method === 'GET' && (body !== undefined || body_template !== undefined))
        wrong('body', 'conflict', 'A GET has no body.');
      const refused = storing !== undefined && judgeUrl(url, judged('url'), storing);
      if (!refused && !/^\s*(\{\{|https?:\/\/)/i.test(url))
        wrong('url', 'invalid_url', 'Begin with http:// or https://.');
      if (storing !== undefined && headers !== undefined) judgeHeaders(headers, judged('headers'));
      const text = compileUrl(url, judged('url'));
      const rest = all({ headers, ...(body_template === undefined && { body }) });
      const writing = body_template === undefined ? null : compileBody(body_template, judged('body_template'));
      return (values) => ({
        method: method ?? 'POST',
        timeout_seconds: timeout_seconds ?? 30,
        ...rest(values),
        url: text.render(values),
        ...(writing && { text: writing.render(values), json: writing.json }),
      });
    }
    case 'send_email': {
      const { subject, body, html } = action;
      // Only what is written here is a list: a value is one address, whatever it holds.
      const listed = typeof action.to === 'string' && !action.to.includes('{{') ? action.to.split(/[,;]/) : action.to;
      const to = [listed].flat();
      for (const one of to)
        if (!one.includes('{{') && !ADDRESS.test(one.trim()))
          wrong('to', 'invalid_email', `"${cut(one.trim(), 100)}" is no address.`);
      if (body === undefined && html === undefined) wrong('body', 'required_missing', 'Write a body or html.');
      const plain = all({ to, subject: subject ?? 'Notification', body });
      const marked = html === undefined ? null : compileText(html, judged('html'), asHtml);
      return (values) => ({ ...plain(values), ...(marked && { html: marked.render(values) }) });
    }
    case 'create_record':
      fieldsOf(collection(action.collection), action.data, 'create');
      return all({ collection: action.collection, data: action.data });
    case 'update_record':
      fieldsOf(collection(action.collection), action.data, 'update');
      return all({ collection: action.collection, record_id: action.record_id, data: action.data });
    case 'delete_record':
      collection(action.collection);
      return all({ collection: action.collection, record_id: action.record_id });
    case 'query_records': {
      const { filter, type: _, name: __, condition: ___, on_error: ____, ...rest } = action;
      for (const key of ['fields', 'expand'] as const) written(key, rest[key]);
      const def = collection(action.collection);
      for (const key of ['fields', 'sort'] as const) namesOf(def, key, rest[key]);
      return withFilter(filtered(filter, def), all(rest));
    }
    case 'aggregate_records': {
      const { filter, having, type: _, name: __, condition: ___, on_error: ____, ...rest } = action;
      const { function: one, functions, field } = rest;
      if ((one === undefined) === (functions === undefined))
        wrong('function', 'required_missing', 'Send function (with field), or functions.');
      if (one !== undefined && one !== 'count' && field === undefined)
        wrong('field', 'required_missing', `${one} is of a field.`);
      for (const key of ['functions', 'field', 'group_by', 'sort'] as const) written(key, rest[key]);
      const def = collection(action.collection);
      const before = problems.length;
      namesOf(def, 'field', field);
      namesOf(def, 'group_by', rest.group_by);
      namesOf(def, 'functions', functions, FUNCTION);
      const plain = all(rest);
      const asked = withFilter(filtered(filter, def), plain);
      const results = having === undefined ? null : compileFilter(having, judged('having'), null, 'h');
      if (storing !== undefined && def !== undefined && problems.length === before)
        judgeAggregate(def, plain({}), results?.render({}) ?? null, { at, problems });
      if (results === null) return asked;
      return (values) => {
        const { filter: text, data } = results.render(values);
        const options = asked(values);
        return { ...options, having: text, data: { ...(options.data as object | undefined), ...data } };
      };
    }
    case 'transform':
      if (action.output === undefined) wrong('output', 'required_missing', 'Say what it answers.');
      return all({ output: action.output ?? null });
    case 'enqueue_job': {
      if (handlers !== undefined && !handlers.includes(action.handler))
        wrong(
          'handler',
          'unknown_handler',
          `There is no handler ${action.handler}; there are ${handlers.join(', ') || 'none'}.`,
        );
      const { handler, payload, queue, delay_seconds, retries } = action;
      return all({ handler, payload: payload ?? {}, queue, delay_seconds, retries });
    }
    case 'trigger_workflow':
      return all({ workflow: action.workflow, input: action.input ?? {} });
    case 'set_fields':
      if (options.writing === undefined)
        wrong('type', 'set_fields_not_allowed', 'Only what runs before a record is created or updated can change it.');
      fieldsOf(options.writing?.collection, action.fields, 'set');
      return all({ fields: action.fields });
    case 'abort':
      if (!mayAbort) wrong('type', 'abort_not_allowed', 'Only what runs before something can stop it.');
      return all({ message: action.message, status: action.status ?? 400 });
  }
}
