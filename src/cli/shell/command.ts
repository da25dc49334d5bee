import type { SettingName } from '../../config/setting-table.ts';
import type { Settings } from '../../config/settings.ts';
import type { Flags } from './flags.ts';
import type { Console } from './terminal/console.ts';

/** The declaration of an option, for parsing and for help. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** Stands for the value in help texts. */
  readonly placeholder?: string;
  /** One letter. */
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  readonly description: string;
}

/** The arguments that are not options. */
export interface Operands {
  /** As shown in the usage line. */
  readonly usage: string;
  readonly least: number;
  readonly most: number;
}

export interface Command {
  /** The words that call it, such as `users create`. */
  readonly name: string;
  /** One line without a full stop. */
  readonly summary: string;
  readonly details?: string;
  readonly operands?: Operands;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** The settings that it accepts as flags. All settings can come from the environment and `.env`. */
  readonly settings: readonly SettingName[];
  /** Complete command lines without the program's name. */
  readonly examples: readonly string[];
  /** @returns the exit code; undefined for 0 */
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
