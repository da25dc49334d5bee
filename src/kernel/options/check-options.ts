import { InvalidOption } from '../errors.ts';
import { findNearest } from './did-you-mean.ts';

/**
 * Checks the value of one option.
 * @param name the option with the options that it is in, such as `revocations.onStale`
 * @throws {InvalidOption}
 */
export type OptionCheck = (name: string, value: unknown) => void;

/** A check for each member of `T`: an option that is added to the type must be added to the checks too. */
export type OptionChecks<T> = { readonly [Name in AllKeys<T>]-?: OptionCheck };

/** The keys of every member of a union. */
type AllKeys<T> = T extends unknown ? keyof T : never;

/**
 * Asserts that options are a plain object without unknown names and undefined values. A missing option has its default,
 * so a misspelled name, or a variable that is not set, would silently switch a check off.
 * @param caller the function that takes the options, for messages
 * @throws {InvalidOption} with the nearest known name
 */
export function assertOptions(
  caller: string,
  options: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
): void {
  assertObject(`${caller}: `, '', options, checks);
}

/** Checks an option that is an object of options. */
export function optionsOf(checks: Readonly<Record<string, OptionCheck>>): OptionCheck {
  return (name, value) => assertObject('', name, value, checks);
}

/** Checks an option that is an object whose names the host chooses. */
export function mapOf(check: OptionCheck): OptionCheck {
  return (name, value) => {
    assertPlainObject('', name, value, []);
    for (const [member, each] of Object.entries(value)) assertMember('', name, member, each, check);
  };
}

/** Allows false, and what the check allows. */
export function orFalse(check: OptionCheck): OptionCheck {
  return (name, value) => {
    if (value !== false) check(name, value);
  };
}

/** Allows everything except undefined. The reader of the option checks the value. */
export const anything: OptionCheck = () => undefined;

/** Allows undefined too, for an option whose default switches nothing off. */
export const anythingOrUndefined: OptionCheck = () => undefined;

/** Checks that the option is a text. */
export const aString = ofType('string', 'a text');
/** Checks that the option is a number. */
export const aNumber = ofType('number', 'a number');
/** Refuses texts, because the text "false" would count as true. */
export const aBoolean = ofType('boolean', 'true or false');
/** Checks that the option is a function. */
export const aFunction = ofType('function', 'a function');

/** Checks that the option is a list of texts. */
export const aStringList: OptionCheck = (name, value) => {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return;
  throw new InvalidOption(name, `${name} must be a list of texts; this is ${describe(value)}.`);
};

/** Checks that the option is one of some texts. */
export function oneOf(...choices: readonly string[]): OptionCheck {
  return (name, value) => {
    if (typeof value === 'string' && choices.includes(value)) return;
    const expected = choices.map((choice) => `"${choice}"`).join(' or ');
    throw new InvalidOption(name, `${name} must be ${expected}.`);
  };
}

function ofType(type: string, expected: string): OptionCheck {
  return (name, value) => {
    if (typeof value === type) return;
    throw new InvalidOption(name, `${name} must be ${expected}; this is ${describe(value)}.`);
  };
}

function assertObject(
  prefix: string,
  name: string,
  value: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
): void {
  assertPlainObject(prefix, name, value, Object.keys(checks));
  for (const [member, each] of Object.entries(value)) {
    const check = Object.hasOwn(checks, member) ? checks[member] : undefined;
    if (check === undefined) throw unknownOption(prefix, name, member, Object.keys(checks));
    assertMember(prefix, name, member, each, check);
  }
}

function assertMember(
  prefix: string,
  name: string,
  member: string,
  value: unknown,
  check: OptionCheck,
): void {
  const path = join(name, member);
  if (value === undefined && check !== anythingOrUndefined) {
    throw new InvalidOption(
      path,
      `${prefix}${path} is undefined. Is a variable not set? Give the option a value, or leave it out.`,
    );
  }
  try {
    check(path, value);
  } catch (error) {
    if (!(error instanceof InvalidOption) || prefix === '') throw error;
    throw new InvalidOption(error.setting, prefix + error.message);
  }
}

/** Refuses maps, lists and promises: they have no members of their own, so all that is in them would be ignored. */
function assertPlainObject(
  prefix: string,
  name: string,
  value: unknown,
  known: readonly string[],
): asserts value is Readonly<Record<string, unknown>> {
  if (isPlainObject(value)) return;
  const example = known.length === 0 ? 'an object' : `an object such as { ${known[0]}: … }`;
  const what = name === '' ? 'The options' : name;
  throw new InvalidOption(name, `${prefix}${what} must be ${example}; this is ${describe(value)}.`);
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Objects of another realm (`node:vm`, test runners) have another Object.prototype, which has no prototype either.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function unknownOption(
  prefix: string,
  name: string,
  member: string,
  known: readonly string[],
): InvalidOption {
  const meant = findNearest(member, known);
  const where = name === '' ? 'There is no option' : `${name} has no option`;
  const fix =
    meant === undefined ? `The options are ${known.join(', ')}.` : `Did you mean "${meant}"?`;
  return new InvalidOption(join(name, member), `${prefix}${where} "${member}". ${fix}`);
}

function join(name: string, member: string): string {
  return name === '' ? member : `${name}.${member}`;
}

/** Describes the kind of a value. The value itself may be a secret. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'object' ? 'an object of another kind' : `a ${typeof value}`;
}
