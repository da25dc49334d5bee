import type { Value } from './steps.ts';

/** The name of a member as a column has it: `createdAt` becomes `created_at`. */
type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Name;

/** The row that a record is stored as. What SQL has no type for is stored as text. */
export type RowOf<Source> = {
  -readonly [Name in keyof Source & string as SnakeCase<Name>]: Source[Name] extends Value
    ? Source[Name]
    : null extends Source[Name]
      ? string | null
      : string;
};

/** A column under the name of its member, as the query builder selects it. */
type Alias<Source> = {
  [Name in keyof Source & string]: SnakeCase<Name> extends Name
    ? Name
    : `${SnakeCase<Name>} as ${Name}`;
}[keyof Source & string];

/** How the value of a member is stored. */
interface Format {
  readonly toColumn: (value: never) => Value;
  readonly fromColumn: (value: never) => unknown;
}

/** As it is. */
export const plain = 'plain';

/** As JSON text, or null. */
export const json: Format = {
  toColumn: (value: unknown) => (value === null ? null : JSON.stringify(value)),
  fromColumn: (text: string | null) => (text === null ? null : JSON.parse(text)),
};

/** A list of words without spaces, separated by spaces. */
export const words: Format = {
  toColumn: (value: readonly string[]) => value.join(' '),
  fromColumn: (text: string) => text.split(' '),
};

/** How each member of a record is stored, by its name; in the order in which statements list them. */
export type Formats<Source> = {
  readonly [Name in keyof Source]-?: Source[Name] extends Value ? typeof plain : Format;
};

/** The columns of a record, and the way from one to the other. */
export interface RecordColumns<Source> {
  /** Every statement that inserts records is made of this list. */
  readonly names: readonly (keyof RowOf<Source> & string)[];
  /** Select these to read records whose members are all plain. */
  readonly aliases: readonly Alias<Source>[];
  toRow(record: Source): RowOf<Source>;
  /** @param row may have further columns */
  fromRow(row: RowOf<Source>): Source;
}

/** Derives the columns of a record from the one list of its members. */
export function columnsOf<Source extends object>(formats: Formats<Source>): RecordColumns<Source> {
  const members = Object.entries<Format | typeof plain>(formats).map(([member, format]) => ({
    member,
    column: toSnakeCase(member),
    format: format === plain ? undefined : format,
  }));
  return {
    names: members.map((it) => it.column) as (keyof RowOf<Source> & string)[],
    aliases: members.map(({ member, column }) =>
      column === member ? member : `${column} as ${member}`,
    ) as Alias<Source>[],
    toRow(record) {
      const given = record as Record<string, unknown>;
      const row: Record<string, unknown> = {};
      for (const { member, column, format } of members) {
        const value = given[member];
        row[column] = format === undefined ? value : format.toColumn(value as never);
      }
      return row as RowOf<Source>;
    },
    fromRow(row) {
      const given = row as Record<string, unknown>;
      const record: Record<string, unknown> = {};
      for (const { member, column, format } of members) {
        const value = given[column];
        record[member] = format === undefined ? value : format.fromColumn(value as never);
      }
      return record as Source;
    },
  };
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
