import type { Compilable } from 'kysely';
import type { Step, Steps, Value } from './steps.ts';

/** A statement that takes its parameters by name and returns typed rows. */
export type Query<P, Row> = (params: P) => Steps<Row[]>;

/** Stands for a parameter while a statement is compiled. */
class Slot {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A statement as it runs: its text and, for each parameter in order, `[name]` of the value to bind, or a constant. */
export interface CompiledStatement {
  readonly text: string;
  readonly parameters: readonly (readonly [string] | Value)[];
}

export type CompiledStatements = Readonly<Record<string, CompiledStatement>>;

/** Finds statements that were compiled beforehand. */
export interface StatementSource {
  /** By the names that {@link query} is given. A statement that is missing here is compiled at its first use. */
  readonly compiled: CompiledStatements;
  /** Called for each statement that a verb declares. */
  readonly collect?: ((name: string, compile: () => CompiledStatement) => void) | undefined;
}

/**
 * Declares a statement. It was compiled beforehand, or is compiled once, at its first use: building a statement takes
 * longer than SQLite needs to run it, and loading the builder takes 70 ms and 26 MB.
 * @param name unique among all statements
 * @param build gets placeholders instead of the parameters. It must pass them to Kysely as they are, and must neither
 *   read them nor branch on them
 */
export function query<P extends object, Row>(
  source: StatementSource,
  name: string,
  build: (params: P) => Compilable<Row>,
): Query<P, Row> {
  let statement: CompiledStatement | undefined;
  source.collect?.(name, () => compile(build));
  return function* (params) {
    statement ??= source.compiled[name] ?? compile(build);
    // The one place where rows get their type: Kysely derived it from the statement's own text.
    return (yield bind(statement, params)) as Row[];
  };
}

/** Picks the parameters of these names, for the columns of the same names. */
export function pick<P, Name extends keyof P>(params: P, names: readonly Name[]): Pick<P, Name> {
  return Object.fromEntries(names.map((name) => [name, params[name]])) as Pick<P, Name>;
}

/** Runs a statement that is not worth keeping, such as one of a migration. */
export function* execute(statement: Compilable): Steps<void> {
  const { sql, parameters } = statement.compile();
  yield { text: sql, values: parameters as readonly Value[] };
}

function compile<P extends object>(build: (params: P) => Compilable): CompiledStatement {
  // Kysely passes a value on unchanged, so a placeholder can stand for a value of any type.
  const placeholders = new Proxy({}, { get: (_, name) => new Slot(String(name)) }) as P;
  const { sql: text, parameters } = build(placeholders).compile();
  return {
    text,
    parameters: parameters.map((it) => (it instanceof Slot ? [it.name] : (it as Value))),
  };
}

function bind({ text, parameters }: CompiledStatement, params: object): Step {
  const given = params as Record<string, Value | undefined>;
  return { text, values: parameters.map((it) => toValue(it, given)) };
}

function toValue(
  parameter: readonly [string] | Value,
  given: Record<string, Value | undefined>,
): Value {
  if (!Array.isArray(parameter)) return parameter as Value;
  const [name] = parameter;
  const value = given[name];
  if (value === undefined)
    throw new TypeError(`The statement has no value for its parameter "${name}".`);
  return value;
}
