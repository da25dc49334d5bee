import { settingTable } from '../../config/setting-table.ts';
import { commands, groups } from '../commands.ts';
import type { Command, OptionSpec } from './command.ts';
import { exitCode } from './exit-code.ts';
import { listOptions } from './parse-call.ts';
import type { Console } from './terminal/console.ts';

const secretFiles = Object.values(settingTable).flatMap(({ secret, variable }) =>
  secret ? [`${variable}_FILE`] : [],
);

type Row = readonly [label: string, text: string];

/** The help of the whole program, for the group `''`, or of a group. */
export async function formatGroupHelp(console: Console, group: string): Promise<string> {
  const rows: Row[] = [];
  for (const [name, load] of commands) {
    if (group === '' || name.startsWith(`${group} `)) rows.push([name, (await load()).summary]);
  }
  const name = group === '' ? '' : `${group} `;
  const about =
    group === ''
      ? 'JWT authentication: a server, and commands for its users, keys and data.'
      : `${groups.get(group)}.`;
  return [
    about,
    '',
    section(console, 'Usage', [`latchkey ${name}<command> [options]`]),
    section(console, 'Commands', columns(rows, console.width)),
    ...(group === ''
      ? [
          section(console, 'Options', columns(PROGRAM_OPTIONS, console.width)),
          section(console, 'Exit codes', columns(EXIT_CODES, console.width)),
        ]
      : []),
    `Help for a command: latchkey ${name}<command> --help`,
  ].join('\n');
}

const PROGRAM_OPTIONS: Row[] = [
  ['-h, --help', 'Show this help, or the help of a command.'],
  ['-v, --version', 'Show the version.'],
];

const EXIT_CODES: Row[] = [
  [String(exitCode.ok), 'The command succeeded.'],
  [String(exitCode.failure), 'The command failed.'],
  [
    String(exitCode.usage),
    'The command line, the input or a setting is wrong. Nothing was changed.',
  ],
];

export function formatCommandHelp(console: Console, command: Command): string {
  const { name, summary, details, operands, examples } = command;
  const settingFlags = new Set<string | undefined>(
    command.settings.map((setting) => settingTable[setting].flag),
  );
  const options = [...listOptions(command)];
  const own = options.filter(([flag]) => !settingFlags.has(flag)).map(toRow);
  const usage = ['latchkey', name, operands?.usage, '[options]'];
  return [
    `${summary}.`,
    '',
    ...(details === undefined ? [] : [...wrap(details, console.width), '']),
    section(console, 'Usage', [usage.filter((word) => word !== undefined).join(' ')]),
    section(console, 'Options', columns(own, console.width)),
    ...(command.settings.length === 0
      ? []
      : [section(console, 'Settings', columns(settingRows(command), console.width))]),
    section(
      console,
      'Examples',
      examples.map((example) => `latchkey ${example}`),
    ),
    ...(command.settings.length === 0
      ? []
      : wrap(
          `Every setting can also be given by its variable, in the environment or in a file .env in the working directory. A flag overrides the environment, and the environment overrides the file. Secret settings can be read from files, which these variables name: ${secretFiles.join(', ')}.`,
          console.width,
        )),
  ]
    .join('\n')
    .trimEnd();
}

function toRow([name, { short, placeholder, multiple, description }]: [string, OptionSpec]): Row {
  const dashes = short === undefined ? `    --${name}` : `-${short}, --${name}`;
  const value = placeholder === undefined ? '' : ` <${placeholder}>`;
  return [`${dashes}${value}`, `${description}${multiple ? ' Can be given several times.' : ''}`];
}

function settingRows(command: Command): Row[] {
  return command.settings.map((name): Row => {
    const { flag, placeholder, description, variable, default: fallback } = settingTable[name];
    const value = fallback === '' ? 'none' : fallback;
    const label = flag === undefined ? '' : `--${flag} <${placeholder}>`;
    return [label, `${description}\n${variable}, default: ${value}`];
  });
}

function section(console: Console, title: string, lines: readonly string[]): string {
  return `${console.strong(title)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Puts texts to the right of their labels, or below them if the labels leave too little room. */
function columns(rows: readonly Row[], width: number): string[] {
  const indent = Math.max(...rows.map(([label]) => label.length)) + 2;
  const isNarrow = width - indent < 40;
  return rows.flatMap(([label, text]) => {
    const left = isNarrow ? 6 : indent;
    const lines = text.split('\n').flatMap((part) => wrap(part, width - left - 2));
    const rest = lines.map((line) => `${' '.repeat(left)}${line}`);
    if (isNarrow) return [label, ...rest];
    return [`${label.padEnd(indent)}${lines[0] ?? ''}`, ...rest.slice(1)];
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
