/**
 * JSON Schema in a few functions. A library would also validate input and infer types, neither of which is used
 * here, and would add 22 MB and 0.1 s to every start.
 */
export type Schema = Readonly<Record<string, unknown>>;

/** Where {@link named} notes the name; the documentation takes it out again. */
export const SCHEMA_NAME = 'x-schema-name';

/** A schema that the document has once, under this name, and refers to everywhere else. */
export const named = (name: string, schema: Schema): Schema => ({ ...schema, [SCHEMA_NAME]: name });

/** Where {@link mayBeAbsent} marks a body; the documentation takes the mark out again. */
export const ABSENT_MARK = 'x-may-be-absent';

/** A body that a request may come without. */
export const mayBeAbsent = (schema: Schema): Schema => ({ ...schema, [ABSENT_MARK]: true });

/** A member that may be left out. */
class Optional {
  readonly schema: Schema;
  constructor(schema: Schema) {
    this.schema = schema;
  }
}

export function optional(schema: Schema): Optional {
  return new Optional(schema);
}

/** An object; members are required unless {@link optional}. */
export function object(
  members: Readonly<Record<string, Schema | Optional>>,
  options: Schema = {},
): Schema {
  const entries = Object.entries(members);
  const required = entries.flatMap(([name, it]) => (it instanceof Optional ? [] : [name]));
  const properties = entries.map(([name, it]) => [name, it instanceof Optional ? it.schema : it]);
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
    ...options,
  };
}

export const string = (options: Schema = {}): Schema => ({ type: 'string', ...options });
export const integer = (options: Schema = {}): Schema => ({ type: 'integer', ...options });
export const number = (): Schema => ({ type: 'number' });
export const boolean = (options: Schema = {}): Schema => ({ type: 'boolean', ...options });
export const nothing = (options: Schema = {}): Schema => ({ type: 'null', ...options });
export const literal = (value: string): Schema => ({ type: 'string', const: value });
export const oneOf = (values: readonly string[], options: Schema = {}): Schema => ({
  type: 'string',
  enum: values,
  ...options,
});
export const list = (items: Schema, options: Schema = {}): Schema => ({
  type: 'array',
  items,
  ...options,
});
export const either = (schemas: readonly Schema[], options: Schema = {}): Schema => ({
  anyOf: schemas,
  ...options,
});
export const nullable = (schema: Schema): Schema => either([schema, nothing()]);
