import { type InputProblem, InvalidInput } from '../kernel/errors.ts';
import { trimIdentifier } from './users/identifiers.ts';

/** The length of a string. */
export interface StringRule {
  /** Characters (code points). Default 1. */
  readonly min?: number;
  /** Characters (code points). */
  readonly max: number;
}

/** Stable codes for what can be wrong with a string. Default: none. */
export interface StringCodes {
  readonly tooLong?: string;
}

/**
 * Reads the members of an input one by one and refuses wrong types, lengths out of bounds, NUL, lone surrogates, and
 * every member that was not read. It collects all problems, so that a person can fix them in one go; `finish` throws
 * them. Do not use the values before that.
 */
export class InputReader {
  readonly #input: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();
  readonly #problems: InputProblem[] = [];

  /** @throws {InvalidInput} when the input is not an object */
  constructor(input: unknown) {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      throw new InvalidInput([{ field: '', problem: 'Send an object with named members.' }]);
    }
    this.#input = input as Record<string, unknown>;
  }

  has(field: string): boolean {
    return Object.hasOwn(this.#input, field);
  }

  /** @param code stable, for programs */
  problem(field: string, problem: string, code?: string): void {
    this.#problems.push({ field, problem, ...(code === undefined ? {} : { code }) });
  }

  /** The value of a member, unchecked; undefined if it is absent. */
  raw(field: string): unknown {
    this.#known.add(field);
    return this.has(field) ? this.#input[field] : undefined;
  }

  /** A required string. If it is not valid, this returns `''` and `finish` will throw. */
  string(field: string, rule: StringRule, codes?: StringCodes): string {
    if (!this.has(field)) {
      this.#known.add(field);
      this.problem(field, `"${field}" is missing.`);
      return '';
    }
    return this.#read(field, this.raw(field), rule, codes) ?? '';
  }

  /** A username or an email address, without surrounding white space. */
  optionalIdentifier(field: string, rule: StringRule): string | undefined {
    const value = this.raw(field);
    return this.#read(field, typeof value === 'string' ? trimIdentifier(value) : value, rule);
  }

  optionalString(field: string, rule: StringRule): string | undefined {
    return this.#read(field, this.raw(field), rule);
  }

  #read(
    field: string,
    value: unknown,
    rule: StringRule,
    codes: StringCodes = {},
  ): string | undefined {
    if (!this.has(field)) return undefined;
    const problem = findStringProblem(value, rule);
    if (problem === undefined && typeof value === 'string') return value;
    const isTooLong = typeof value === 'string' && countCharacters(value, rule.max) > rule.max;
    this.problem(field, `"${field}" ${problem}.`, isTooLong ? codes.tooLong : undefined);
    return undefined;
  }

  /**
   * Refuses every member that was not read. The attack: a caller grants itself `roles`.
   * @throws {InvalidInput} with all problems found
   */
  finish(): void {
    for (const field of Object.keys(this.#input)) {
      if (!this.#known.has(field)) {
        const shown =
          field.length > 64 ? `${field.slice(0, 64).toWellFormed()}…` : field.toWellFormed();
        this.problem(shown, `"${shown}" is not something that can be set here. Leave it out.`);
      }
      if (this.#problems.length >= 20) break;
    }
    if (this.#problems.length > 0) throw new InvalidInput(this.#problems);
  }
}

/** Finds what is wrong with a value that should be a string. @returns the end of a sentence, or undefined */
export function findStringProblem(value: unknown, rule: StringRule): string | undefined {
  if (value === null) return 'must be a string, not null';
  if (Array.isArray(value)) return 'must be one string, not a list';
  if (typeof value !== 'string') return `must be a string, not ${describeType(value)}`;
  const min = rule.min ?? 1;
  const length = countCharacters(value, rule.max);
  if (length > rule.max) return `must have at most ${rule.max} characters`;
  if (length < min)
    return length === 0 ? 'must not be empty' : `must have at least ${min} characters`;
  if (value.includes('\0')) return 'must not contain the NUL character';
  if (!value.isWellFormed()) return 'must be well-formed Unicode (it has a lone surrogate)';
  return undefined;
}

/**
 * Counts the code points of a text.
 * @returns infinity for a text that is certainly longer than `most`
 */
export function countCharacters(text: string, most = Number.POSITIVE_INFINITY): number {
  // A text has at least half as many code points as code units, so a huge text need not be counted.
  return text.length > most * 2 ? Number.POSITIVE_INFINITY : [...text].length;
}

function describeType(value: unknown): string {
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
