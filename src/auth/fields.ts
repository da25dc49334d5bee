import { findStringProblem, type InputReader } from './input.ts';

/** One of the host's own extra user fields. */
export type FieldRule =
  | {
      readonly type: 'string';
      /** Must be given at registration. Default false. */
      readonly required?: boolean;
      /** Characters. Default 1. */
      readonly minLength?: number;
      /** Characters. Default 256. */
      readonly maxLength?: number;
    }
  | { readonly type: 'number' | 'boolean'; readonly required?: boolean };

/** The host's own extra user fields, by name. They are set at registration and shown with the user. */
export type FieldRules = Readonly<Record<string, FieldRule>>;

/** Names that mean something already, or would in the hands of a user. */
export const RESERVED_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'username',
  'email',
  'email_verified',
  'password',
  'password_hash',
  'name',
  'role',
  'roles',
  'scope',
  'disabled',
  'disabled_at',
  'created_at',
  'updated_at',
  'constructor',
  'prototype',
  '__proto__',
]);

/** Reads the host's fields into a profile; problems are left with the reader. */
export function readProfile(reader: InputReader, rules: FieldRules): Record<string, unknown> {
  const profile: Record<string, unknown> = {};
  for (const [field, rule] of Object.entries(rules)) {
    const value = reader.raw(field);
    if (!reader.has(field)) {
      if (rule.required) reader.problem(field, `"${field}" is missing.`);
      continue;
    }
    const problem = findFieldProblem(value, rule);
    if (problem === undefined) profile[field] = value;
    else reader.problem(field, `"${field}" ${problem}.`);
  }
  return profile;
}

function findFieldProblem(value: unknown, rule: FieldRule): string | undefined {
  if (rule.type === 'string') {
    return findStringProblem(value, { min: rule.minLength ?? 1, max: rule.maxLength ?? 256 });
  }
  const fits = typeof value === rule.type && (rule.type === 'boolean' || Number.isFinite(value));
  return fits ? undefined : `must be a ${rule.type}`;
}
