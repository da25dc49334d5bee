import { parseArgs } from 'node:util';
import { settingTable } from '../../config/setting-table.ts';
import { findNearest } from '../../kernel/options/did-you-mean.ts';
import type { Command, OptionSpec } from './command.ts';
import { UsageError } from './failures.ts';
import { Flags } from './flags.ts';

const help: OptionSpec = { type: 'boolean', short: 'h', description: 'Show this help.' };

/** Options that people try, but whose values other users of the machine could read. The values are never quoted. */
const REFUSED: Readonly<Record<string, string>> = {
  password:
    '--password would show the password to every user of this machine. Leave it out: the command asks for the password, or reads it from standard input if that is not a terminal.',
  secret: `--secret would show the secret to every user of this machine. Set ${settingTable.secret.variable} in the environment or in .env instead.`,
};

/** All options of a command: its own, its settings, and help. */
export function listOptions(command: Command): Map<string, OptionSpec> {
  const options = new Map(Object.entries(command.options));
  for (const name of command.settings) {
    const { flag, placeholder, description } = settingTable[name];
    if (flag !== undefined) options.set(flag, { type: 'string', placeholder, description });
  }
  return options.set('help', help);
}

/**
 * Reads the words after a command's name.
 * @throws {UsageError}
 */
export function parseCall(
  command: Command,
  args: readonly string[],
): { operands: string[]; flags: Flags } {
  const options = listOptions(command);
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      [...options].map(([name, { type, short }]) => [
        name,
        short === undefined ? { type } : { type, short },
      ]),
    ),
    // In strict mode, its errors would quote values and suggest nothing.
    strict: false,
    tokens: true,
  });
  const operands: string[] = [];
  const given = new Map<string, (string | true)[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const spec = options.get(name);
    if (spec === undefined) refuseUnknown(command, name, rawName, [...options.keys()]);
    const values = given.get(name) ?? [];
    values.push(readValue(rawName, spec, value, inlineValue === true));
    given.set(name, values);
  }
  if (!given.has('help')) assertOperands(command, operands);
  return { operands, flags: new Flags(given) };
}

function readValue(
  rawName: string,
  { type, placeholder }: OptionSpec,
  value: string | undefined,
  isInline: boolean,
): string | true {
  if (type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value.`);
    return true;
  }
  // Otherwise the next option would be taken for a forgotten value.
  if (value === undefined || (!isInline && value.startsWith('-') && value !== '-')) {
    const dash = value === undefined ? '' : ` (if the value begins with a dash: ${rawName}=…)`;
    throw new UsageError(`${rawName} needs a value: ${rawName} <${placeholder}>${dash}.`);
  }
  return value;
}

function refuseUnknown(
  command: Command,
  name: string,
  rawName: string,
  known: readonly string[],
): never {
  const reason = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
  if (reason !== undefined) throw new UsageError(reason);
  const meant = name.length === 1 ? undefined : findNearest(name, known);
  const hint = meant === undefined ? seeHelp(command.name) : `Did you mean --${meant}?`;
  throw new UsageError(`${rawName} is not an option of "${command.name}". ${hint}`);
}

function assertOperands({ name, operands }: Command, given: readonly string[]): void {
  const { usage, least, most } = operands ?? { usage: '', least: 0, most: 0 };
  if (given.length < least) {
    throw new UsageError(`"${name}" needs ${usage}. ${seeHelp(name)}`);
  }
  if (given.length > most) {
    const extra = JSON.stringify(given[most]);
    throw new UsageError(`"${name}" does not take the argument ${extra}. ${seeHelp(name)}`);
  }
}

export function seeHelp(name: string): string {
  return `See: latchkey ${name === '' ? '' : `${name} `}--help`;
}
