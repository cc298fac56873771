// What works in the background: begun when the process says so, again until it stands, ended once.
import { expect, it } from 'vitest';
import { createBackground } from '../../server/automation/background.ts';

const soon = () => new Promise((resolve) => setTimeout(resolve, 10));

it('begins nothing until it is told to, then everything, also what comes later', async () => {
  const told: string[] = [];
  const background = createBackground({});
  const part = (name: string) => () => {
    told.push(`${name} begins`);
    return { close: async () => void told.push(`${name} ends`) };
  };
  background.add('one', part('one'));
  await soon();
  expect(told).toEqual([]);
  background.begin();
  background.begin();
  background.add('two', part('two'));
  await soon();
  expect(told).toEqual(['one begins', 'two begins']);
  await Promise.all([background.close(), background.close()]);
  expect(told.slice(2).sort()).toEqual(['one ends', 'two ends']);
  background.begin();
  background.add('three', part('three'));
  await soon();
  expect(told).toHaveLength(4);
});

it('tries again what could not begin, keeps the others going, and stops trying when it ends', async () => {
  const warned: string[] = [];
  const log = { info() {}, error() {}, warn: (_: object, message: string) => void warned.push(message) };
  const background = createBackground({ log });
  let tries = 0;
  let other = false;
  let ended = 0;
  background.add('slow to come', async () => {
    tries += 1;
    if (tries < 2) throw new Error('not yet');
    return {
      async close() {
        ended += 1;
      },
    };
  });
  background.add('never', () => Promise.reject(new Error('never')));
  background.add('bad end', () => ({ close: () => Promise.reject(new Error('bad')) }));
  background.add('other', () => {
    other = true;
    return { close: async () => {} };
  });
  background.begin();
  await soon();
  expect(other).toBe(true);
  while (tries < 2) await soon();
  await background.close();
  expect(ended).toBe(1);
  expect(warned).toContain('Background work could not begin; trying again.');
  expect(warned.at(-1)).toBe('Background work did not end cleanly.');
});
