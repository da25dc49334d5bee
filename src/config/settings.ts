import type { DatabaseLocation } from './database.ts';
import type { SettingName, settingTable } from './setting-table.ts';

type Table = typeof settingTable;

/** What the parser of a setting returns. */
type ValueOf<Name extends SettingName> = ReturnType<Table[Name]['parse']>;

type ParsedSettings = { readonly [Name in keyof Table]: ValueOf<Name> };

/** All settings, checked. Durations are in seconds. */
export interface Settings extends Omit<ParsedSettings, 'databaseUrl' | 'secret'> {
  /** As given. May contain a password: never to be printed. */
  readonly databaseUrl: string;
  /** What `databaseUrl` means. */
  readonly database: DatabaseLocation;
  /** 32 bytes of UTF-8 or more. Undefined: generated, and kept in the data directory. */
  readonly secret: string | undefined;
  /**
   * The settings that have their default. An issuer among them was made from host and port, so where the port is 0
   * it is right only once the server listens.
   */
  readonly defaulted: ReadonlySet<SettingName>;
}

/** How a setting may be written as a text. */
type TextOf<Value> = [Value] extends [boolean]
  ? `${Value}`
  : [Value] extends [string]
    ? Value | (string & {})
    : string;

/** The types that a setting may have in code, as its row of the table says. */
type OptionOf<Name extends SettingName> =
  | TextOf<ValueOf<Name>>
  | (Table[Name]['number'] extends true ? number : never)
  | (Table[Name]['boolean'] extends true ? Extract<ValueOf<Name>, boolean> : never)
  | (Table[Name]['list'] extends true ? readonly string[] : never);

/**
 * Settings as code may give them; they win over the environment and `.env`. Undefined is the same as not given.
 * Durations are seconds, or a text such as `15m`.
 */
export type SettingOptions = {
  readonly [Name in keyof Table]?: OptionOf<Name> | undefined;
};
