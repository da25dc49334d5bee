import type { Compilable } from 'kysely';
import type { Step, Steps, Value } from './steps.ts';

/** A statement that takes its parameters by name and answers typed rows. */
export type Query<P, Row> = (params: P) => Steps<Row[]>;

/** Stands for a parameter while a statement is compiled. */
class Slot {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/**
 * A statement as it is run: its text and, for each of its parameters in order, `[name]` of what is bound
 * to it, or a constant.
 */
export interface CompiledStatement {
  readonly text: string;
  readonly parameters: readonly (readonly [string] | Value)[];
}

export type CompiledStatements = Readonly<Record<string, CompiledStatement>>;

/** Where statements compiled beforehand are found. */
export interface StatementSource {
  /** By the names that {@link query} gives. Those that are not there are compiled at their first use. */
  readonly compiled: CompiledStatements;
  /** Told of every statement there is. */
  readonly collect?: ((name: string, compile: () => CompiledStatement) => void) | undefined;
}

/**
 * A statement that is compiled beforehand, or else once, at its first use: building one costs more than
 * SQLite needs to run it, and loading the builder costs 70 ms and 26 MB. `build` receives placeholders in
 * place of the parameters, so it must hand them to Kysely as they are and may neither look at them nor
 * branch on them.
 * @param name unique among all statements
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

/** The parameters of these names, for the columns that have them. */
export function pick<P, Name extends keyof P>(params: P, names: readonly Name[]): Pick<P, Name> {
  return Object.fromEntries(names.map((name) => [name, params[name]])) as Pick<P, Name>;
}

/** A statement that is not worth keeping, such as those of a migration. */
export function* execute(statement: Compilable): Steps<void> {
  const { sql, parameters } = statement.compile();
  yield { text: sql, values: parameters as readonly Value[] };
}

function compile<P extends object>(build: (params: P) => Compilable): CompiledStatement {
  // The placeholders pass for the parameters' own types: Kysely keeps a value as it was given.
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
  if (value === undefined) throw new TypeError(`The statement lacks its "${name}".`);
  return value;
}
