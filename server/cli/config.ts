// `snackbase config`: every variable, its value now, its meaning.
import { VARIABLES } from '../config.ts';
import { type Command, readOptions } from './command.ts';

export const command: Command = {
  summary: 'print every setting, its value and its meaning',
  usage: 'Usage: snackbase config',
  async run(args) {
    readOptions(args, {});
    for (const v of VARIABLES) {
      const set = process.env[v.name];
      const shown = set === undefined || set === '' ? v.fallback || '-' : v.type === 'secret' ? '(set)' : set;
      console.log(`${v.name.padEnd(32)} ${shown.padEnd(24)} ${v.meaning}`);
    }
    return 0;
  },
};
