import { findStringProblem, type InputReader } from '../input.ts';

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
  | { readonly type: 'number' | 'boolean'; readonly required?: boolean }
  | {
      /** Must come with the value of another member, and is not kept: a password typed twice. */
      readonly type: 'repeat';
      readonly of: 'password';
      readonly required?: true;
      /** What to say if the two differ. Default: a sentence with the names of both members. */
      readonly detail?: string;
    };

/** The host's own extra user fields, by name. They are set at registration and shown with the user. */
export type FieldRules = Readonly<Record<string, FieldRule>>;

/** Names that Latchkey uses, or that would look as if it did. */
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

/** Reads the host's fields into a profile. The reader collects the problems. */
export function readProfile(reader: InputReader, rules: FieldRules): Record<string, unknown> {
  const profile: Record<string, unknown> = {};
  for (const [field, rule] of Object.entries(rules)) {
    if (rule.type === 'repeat') continue;
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

/**
 * Reads changes of the host's fields. A field that is absent stays; null removes it, if it is not required.
 * @returns the whole profile; undefined if no field was given
 */
export function readProfileChanges(
  reader: InputReader,
  rules: FieldRules,
  before: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  const profile: Record<string, unknown> = { ...before };
  let isChanged = false;
  for (const [field, rule] of Object.entries(rules)) {
    if (rule.type === 'repeat') continue;
    const value = reader.raw(field);
    if (!reader.has(field)) continue;
    isChanged = true;
    const isRemoved = value === null && !rule.required;
    const problem = isRemoved ? undefined : findFieldProblem(value, rule);
    if (problem !== undefined) reader.problem(field, `"${field}" ${problem}.`);
    else if (isRemoved) delete profile[field];
    else profile[field] = value;
  }
  return isChanged ? profile : undefined;
}

/** Checks the fields that a person types twice. The host's own code need not send them. */
export function readRepeats(reader: InputReader, rules: FieldRules): void {
  for (const [field, rule] of Object.entries(rules)) {
    if (rule.type !== 'repeat') continue;
    const value = reader.raw(field);
    if (!reader.has(field)) reader.problem(field, `"${field}" is missing.`);
    else if (value !== reader.raw(rule.of)) {
      const detail = `"${field}" differs from "${rule.of}". Write the same twice.`;
      reader.problem(field, rule.detail ?? detail);
    }
  }
}

type KeptRule = Exclude<FieldRule, { type: 'repeat' }>;

function findFieldProblem(value: unknown, rule: KeptRule): string | undefined {
  if (rule.type === 'string') {
    return findStringProblem(value, { min: rule.minLength ?? 1, max: rule.maxLength ?? 256 });
  }
  const fits = typeof value === rule.type && (rule.type === 'boolean' || Number.isFinite(value));
  return fits ? undefined : `must be a ${rule.type}`;
}
