// Typed templates: what a placeholder becomes, what is refused when a definition is stored.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProblemEntry } from '../../contract/problems.ts';
import { compileFilter } from '../../server/automation/actions/filter.ts';
import { parsePath } from '../../server/automation/paths.ts';
import {
  compileBody,
  compileTemplate,
  compileText,
  compileUrl,
  MOST_RENDERED,
  TemplateError,
  type Values,
} from '../../server/automation/templates.ts';
import type { Vocabulary } from '../../server/automation/vocabulary.ts';

const vocabulary: Vocabulary = {
  record: { id: 'uuid', title: 'text', total: 'number', meta: 'json', tags: 'text[]' },
  actions: { 0: { result: 'any' }, total: { result: 'any' } },
  now: 'datetime',
  body: 'any',
};
const values: Values = {
  record: { id: 'i', title: 'He said "no"\n', total: 12.5, meta: { a: [{ b: null }, true] }, tags: ['x', 'y'] },
  actions: { 0: { result: { items: [{ id: 7 }] } }, total: { result: { value: 3 } } },
  now: '2026-01-02T03:04:05Z',
  body: { deep: { list: [1, 2] } },
};
const judged = (problems: ProblemEntry[] = []) => ({ vocabulary, at: 'body', problems });
const rendered = (template: unknown): unknown => {
  const problems: ProblemEntry[] = [];
  const compiled = compileTemplate(template, judged(problems));
  expect(problems).toEqual([]);
  return compiled.render(values);
};

describe('templates', () => {
  it.each([
    ['{{record.total}}', 12.5],
    ['{{ record.total }}', 12.5],
    ['  {{record.total}}', '  12.5'],
    ['{{record.meta}}', { a: [{ b: null }, true] }],
    ['{{record.meta.a[1]}}', true],
    ['{{record.meta.a.1}}', true],
    ['{{record.meta["a"][0].b}}', null],
    ['{{record.tags[1]}}', 'y'],
    ['{{record.tags[9]}}', null],
    ['{{actions[0].result.items[0].id}}', 7],
    ['{{actions.total.result.value}} of {{record.total}}', '3 of 12.5'],
    ['tags: {{record.tags}}', 'tags: ["x","y"]'],
    ['none: {{record.meta.none}}.', 'none: .'],
    ['{{record.meta.constructor}}', null],
    ['{{record.meta.__proto__}}', null],
    ['{{body.deep.list}}', [1, 2]],
    ['{{"{{"}}x}}', '{{x}}'],
    ['a } b }} c', 'a } b }} c'],
    [
      { a: '{{record.total}}', b: ['{{now}}', 1, null, true] },
      { a: 12.5, b: ['2026-01-02T03:04:05Z', 1, null, true] },
    ],
    ['', ''],
    [null, null],
  ])('%j becomes %j', (template, expected) => {
    expect(rendered(template)).toEqual(expected);
  });

  it.each([
    ['{{record.titel}}', 'unknown_path', 'record.title'],
    ['{{nothing}}', 'unknown_path', undefined],
    ['{{record.title.length}}', 'unknown_path', undefined],
    ['{{actions[1].result}}', 'unknown_path', undefined],
    ['{{actions.totl.result}}', 'unknown_path', 'actions.total'],
    ['{{record.total + 1}}', 'bad_template', undefined],
    ['{{}}', 'bad_template', undefined],
    ['{{record.', 'bad_template', undefined],
    ['{{.record}}', 'bad_template', undefined],
    ['{{record..title}}', 'bad_template', undefined],
  ])('%j is refused when it is stored: %s', (template, code, hint) => {
    const problems: ProblemEntry[] = [];
    compileTemplate({ deep: [template] }, judged(problems));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ field: 'body.deep[0]', code });
    if (hint !== undefined) expect(problems[0]?.message).toContain(hint);
  });

  it('a body that is JSON stays JSON whatever the values are, with placeholders in quotes or bare', () => {
    const body = compileBody(
      '{"title": "{{record.title}}", "total": {{record.total}}, "text": "<{{record.title}}>"}',
      judged(),
    );
    expect(body.json).toBe(true);
    expect(JSON.parse(body.render(values))).toEqual({
      title: 'He said "no"\n',
      total: 12.5,
      text: '<He said "no"\n>',
    });
  });

  it('no value can break out of a JSON body', () => {
    const body = compileBody('{"a":"{{record.title}}","b":{{body.x}},"c":"x{{record.title}}y"}', judged());
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (title, x) => {
        const json = JSON.parse(body.render({ record: { title }, body: { x } }));
        expect(Object.keys(json)).toEqual(['a', 'b', 'c']);
        expect(json.a).toBe(title);
        expect(json.c).toBe(`x${title}y`);
        expect(json.b).toEqual(JSON.parse(JSON.stringify(x)));
      }),
    );
  });

  it('a body that is no JSON is text', () => {
    const body = compileBody('total={{record.total}}&title={{record.title}}', judged());
    expect(body).toMatchObject({ json: false });
    expect(body.render(values)).toBe('total=12.5&title=He said "no"\n');
  });

  it('a value in a URL is one part of it, and never its host', () => {
    const url = (text: string, body: unknown) => {
      const problems: ProblemEntry[] = [];
      const made = compileUrl(text, judged(problems)).render({ body });
      return problems.length > 0 ? problems.map(({ code }) => code) : made;
    };
    const id = '../admin?x=1#y';
    expect(url('https://a.example/u/{{body.id}}/n?q={{body.id}}', { id })).toBe(
      'https://a.example/u/..%2Fadmin%3Fx%3D1%23y/n?q=..%2Fadmin%3Fx%3D1%23y',
    );
    expect(url('{{body.url}}', { url: 'https://b.example/x?y=1' })).toBe('https://b.example/x?y=1');
    expect(url('{{body.url}}/u/{{body.id}}', { url: 'https://b.example', id: 'a/b' })).toBe(
      'https://b.example/u/a%2Fb',
    );
    for (const text of [
      'https://{{body.h}}/x',
      'https://a.{{body.h}}',
      'https://a.example{{body.h}}/x',
      'https://a:{{body.h}}@b/',
    ])
      expect(url(text, { h: 'evil' })).toEqual(['bad_template']);
  });

  it('values that would become too much are stopped', () => {
    const problems: ProblemEntry[] = [];
    const large = { body: { x: 'a'.repeat(MOST_RENDERED / 50) } };
    const url = compileUrl(`https://a.example/${'{{body.x}}'.repeat(100)}`, judged(problems));
    expect(() => url.render(large)).toThrow(TemplateError);
    const filter = compileFilter(`title = "${'{{body.x}}'.repeat(100)}"`, judged(problems), null);
    expect(() => filter.render(large)).toThrow(TemplateError);
    const lists = compileFilter(Array(100).fill('title in {{body.x}}').join(' || '), judged(problems), null);
    expect(() => lists.render({ body: { x: [large.body.x] } })).toThrow(TemplateError);
    const text = compileText('{{body.x}}'.repeat(100), judged(problems));
    expect(() => text.render({ body: { x: 'a'.repeat(MOST_RENDERED / 50) } })).toThrow(TemplateError);
    const whole = compileTemplate(Array(100).fill('{{body.x}}'), judged(problems));
    expect(() => whole.render({ body: { x: ['a'.repeat(MOST_RENDERED / 50)] } })).toThrow(TemplateError);
  });

  it('paths are what they spell', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,8}$/), { minLength: 1, maxLength: 5 }),
        (words) => {
          expect(parsePath(words.join('.'))).toEqual(words);
        },
      ),
    );
    for (const text of ['', ' ', 'a.', '.a', 'a b', 'a[', 'a[]', 'a[-1]', '0a', '[0]', 'a["x]', 'a..b'])
      expect(parsePath(text)).toBeNull();
  });
});
