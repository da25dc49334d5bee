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
 * Compiles a statement once, at its first use: building one costs more than SQLite needs to run it.
 * `build` receives placeholders in place of the parameters, so it must hand them to Kysely as they
 * are and may neither look at them nor branch on them.
 */
export function query<P extends object, Row>(build: (params: P) => Compilable<Row>): Query<P, Row> {
  let bind: ((params: P) => Step) | undefined;
  return function* (params) {
    bind ??= compile(build);
    // The one place where rows get their type: Kysely derived it from the statement's own text.
    return (yield bind(params)) as Row[];
  };
}

/** A statement that is not worth keeping, such as those of a migration. */
export function* execute(statement: Compilable): Steps<void> {
  const { sql, parameters } = statement.compile();
  yield { text: sql, values: parameters as readonly Value[] };
}

function compile<P extends object>(build: (params: P) => Compilable): (params: P) => Step {
  // The placeholders pass for the parameters' own types: Kysely keeps a value as it was given.
  const placeholders = new Proxy({}, { get: (_, name) => new Slot(String(name)) }) as P;
  const { sql: text, parameters } = build(placeholders).compile();
  return (params) => {
    const given = params as Record<string, Value | undefined>;
    return { text, values: parameters.map((it) => toValue(it, given)) };
  };
}

function toValue(parameter: unknown, given: Record<string, Value | undefined>): Value {
  if (!(parameter instanceof Slot)) return parameter as Value;
  const value = given[parameter.name];
  if (value === undefined) throw new TypeError(`The statement lacks its "${parameter.name}".`);
  return value;
}
