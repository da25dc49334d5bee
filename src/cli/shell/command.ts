import type { SettingName } from '../../config/setting-table.ts';
import type { Settings } from '../../config/settings.ts';
import type { Flags } from './flags.ts';
import type { Console } from './terminal/console.ts';

/** An option as it is declared: parsing and help are both made from it. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** In place of the value, for help texts. */
  readonly placeholder?: string;
  /** One letter. */
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  readonly description: string;
}

/** What stands on the command line beside options. */
export interface Operands {
  /** As the usage line shows them. */
  readonly usage: string;
  readonly least: number;
  readonly most: number;
}

export interface Command {
  /** The words it is called by: `users create`. */
  readonly name: string;
  /** One line without a full stop. */
  readonly summary: string;
  readonly details?: string;
  readonly operands?: Operands;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** The settings it takes as flags. The others come from the environment and `.env` as well. */
  readonly settings: readonly SettingName[];
  /** Whole command lines without the program's name. */
  readonly examples: readonly string[];
  /** @returns the exit code, where it is not 0 */
  run(call: Call): Promise<number | undefined>;
}

/** One call of a command. */
export interface Call {
  readonly console: Console;
  readonly operands: readonly string[];
  readonly flags: Flags;
  /** @throws {InvalidSetting} */
  readSettings(): Settings;
}
