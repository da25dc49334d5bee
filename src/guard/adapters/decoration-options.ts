import { InvalidOption } from '../../kernel/errors.ts';
import { assertOptions, type OptionCheck } from '../../kernel/options/check-options.ts';
import type {
  AccessRequirements,
  GuestRequirements,
  RequirementArguments,
} from '../request/authorize.ts';

/** How middleware stores the user on a request. */
export interface DecorationOptions<Name extends string = string> {
  /**
   * The name under which the user is stored. Give another one for a second guard in the same app, or if another
   * library sets `user`. A letter, then letters, digits and `_`; 64 characters at most. Default `user`.
   */
  readonly as?: Name;
}

/** The arguments of middleware after the guard. */
export type DecorationArguments = [
  requirements?: AccessRequirements | GuestRequirements,
  options?: DecorationOptions,
];

/** Checks the name of a property that adapters add to a request. */
export const aDecorationName: OptionCheck = (name, value) => {
  // Fastify refuses a name that is taken. Express and Hono would silently replace the property.
  if (typeof value === 'string' && /^[A-Za-z]\w{0,63}$/.test(value) && !(value in {})) return;
  const fix = 'a letter, then letters and digits';
  throw new InvalidOption(name, `${name} must be a name such as "staff": ${fix}.`);
};

/** @throws {InvalidOption} */
export function readDecoration(given: DecorationArguments): {
  readonly requirements: RequirementArguments;
  readonly name: string;
} {
  const [requirements, options = {}] = given;
  if (given.length > 1) assertOptions('requireUser', given[1], { as: aDecorationName });
  return {
    requirements: given.length === 0 ? [] : [requirements as AccessRequirements],
    name: options.as ?? 'user',
  };
}
