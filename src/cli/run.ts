import { readSettings } from '../config/read-settings.ts';
import { settingTable } from '../config/setting-table.ts';
import { endFirstProcessOnSignals } from '../kernel/process/first-process.ts';
import type { Call, Command } from './shell/command.ts';
import { describeFailure } from './shell/describe-failure.ts';
import { exitCode } from './shell/exit-code.ts';
import { type Found, findCommand } from './shell/find-command.ts';
import type { Flags } from './shell/flags.ts';
import { parseCall } from './shell/parse-call.ts';
import { type CliIo, Console } from './shell/terminal/console.ts';
import { endOnFailure, endSoon, readProcessIo } from './shell/this-process.ts';

/** Runs the command line of this process, and ends the process. */
export async function runProcess(): Promise<void> {
  const io = readProcessIo();
  endOnFailure(new Console(io));
  endFirstProcessOnSignals();
  const code = await run(io);
  process.exitCode ??= code;
  endSoon();
}

/**
 * Runs the program on a command line. Never rejects.
 * @returns the exit code, see {@link exitCode}
 */
export async function run(io: CliIo): Promise<number> {
  const console = new Console(io);
  try {
    return await perform(console, io, findCommand(io.argv));
  } catch (error) {
    return report(console, error);
  }
}

async function perform(console: Console, { env, envFile }: CliIo, found: Found): Promise<number> {
  if (found.kind === 'version') {
    const { VERSION } = await import('../server/version.ts');
    console.print(VERSION);
    return exitCode.ok;
  }
  if (found.kind === 'help') {
    const { formatGroupHelp } = await import('./shell/help.ts');
    const text = await formatGroupHelp(console, found.group);
    if (found.asked) console.print(text);
    else console.note(text);
    return found.asked ? exitCode.ok : exitCode.usage;
  }
  const command = await found.load();
  const { operands, flags } = parseCall(command, found.args);
  if (flags.has('help')) {
    const { formatCommandHelp } = await import('./shell/help.ts');
    console.print(formatCommandHelp(console, command));
    return exitCode.ok;
  }
  const call: Call = {
    console,
    operands,
    flags,
    readSettings: () => readSettings({ env, envFile, flags: pickSettings(command, flags) }),
  };
  return (await command.run(call)) ?? exitCode.ok;
}

function pickSettings({ settings }: Command, flags: Flags): Record<string, string | undefined> {
  const names = settings
    .map((name) => settingTable[name].flag)
    .filter((flag) => flag !== undefined);
  return Object.fromEntries(names.map((flag) => [flag, flags.find(flag)]));
}

/** Prints what went wrong. @returns the exit code */
function report(console: Console, error: unknown): number {
  const { message, code } = describeFailure(error);
  console.fail(message);
  return code;
}
