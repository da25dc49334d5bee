import { findNearest } from '../../kernel/options/did-you-mean.ts';
import { commands, groups, renamed } from '../commands.ts';
import type { Command } from './command.ts';
import { UsageError } from './failures.ts';
import { seeHelp } from './parse-call.ts';

/** What the first words of a command line ask for. */
export type Found =
  | { readonly kind: 'version' }
  /** `asked` is false if help is shown because the command is missing. */
  | { readonly kind: 'help'; readonly group: string; readonly asked: boolean }
  | {
      readonly kind: 'command';
      readonly load: () => Promise<Command>;
      readonly args: readonly string[];
    };

/** @throws {UsageError} */
export function findCommand(argv: readonly string[]): Found {
  // `help users list` is `users list --help`.
  if (argv[0] === 'help') return findCommand([...argv.slice(1), '--help']);
  const [first, second, ...rest] = argv;
  if (first === undefined) return { kind: 'help', group: '', asked: false };
  if (first === '--help' || first === '-h') return { kind: 'help', group: '', asked: true };
  if (first === '--version' || first === '-v') return { kind: 'version' };
  refuseRenamed(first, second);
  if (!groups.has(first)) {
    const load = commands.get(first) ?? refuse('', first);
    return { kind: 'command', load, args: argv.slice(1) };
  }
  if (second === undefined) return { kind: 'help', group: first, asked: false };
  if (second === '--help' || second === '-h') return { kind: 'help', group: first, asked: true };
  const load = commands.get(`${first} ${second}`) ?? refuse(first, second);
  return { kind: 'command', load, args: rest };
}

function refuseRenamed(first: string, second: string | undefined): void {
  const name = renamed.has(`${first} ${second}`) ? `${first} ${second}` : first;
  const instead = renamed.get(name);
  if (instead === undefined) return;
  throw new UsageError(
    `${JSON.stringify(name)} is now "${instead}". ${seeHelp(instead.split(' ', 1)[0] ?? '')}`,
  );
}

function refuse(group: string, word: string): never {
  if (word.startsWith('-')) {
    throw new UsageError(`Give a command before ${word.split('=', 1)[0]}. ${seeHelp(group)}`);
  }
  const prefix = group === '' ? '' : `${group} `;
  const known = new Set(
    group === ''
      ? [...commands.keys()].map((name) => name.split(' ', 1)[0] ?? name)
      : [...commands.keys()]
          .filter((name) => name.startsWith(prefix))
          .map((name) => name.slice(prefix.length)),
  );
  const meant = findNearest(word, [...known]);
  const hint = meant === undefined ? seeHelp(group) : `Did you mean "${prefix}${meant}"?`;
  throw new UsageError(
    `${JSON.stringify(`${prefix}${word}`)} is not a command of latchkey. ${hint}`,
  );
}
