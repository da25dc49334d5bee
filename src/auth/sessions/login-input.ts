import { isScope } from '../../jwt/scope.ts';
import { InputReader } from '../input.ts';
import { EMAIL_MAX } from '../users/identifiers.ts';
import type { UserReference } from '../users/user-reference.ts';

const SCOPE_MAX = 1024;

/** What a user gives to sign in: a username or an email address, and the password. */
export interface LoginInput {
  /** May also be an email address: a name with an `@` is one. */
  readonly username?: string;
  /** Instead of `username`. */
  readonly email?: string;
  /** The password, exactly as the user typed it. */
  readonly password: string;
  /** Space-separated scopes, to get fewer than the host grants. Default: all. @see RFC 6749 section 3.3 */
  readonly scope?: string;
}

/** What a user gave to sign in, checked. */
export interface ParsedLogin {
  readonly reference: UserReference;
  readonly password: string;
  readonly scope: string | null;
}

/** Reads what a user gives to sign in. @throws {InvalidInput} */
export function parseLogin(input: unknown, passwordMaxLength: number): ParsedLogin {
  const reader = new InputReader(input);
  const username = reader.optionalIdentifier('username', { max: EMAIL_MAX });
  const email = reader.optionalIdentifier('email', { max: EMAIL_MAX });
  // No lower bound: the length of a password is checked when it is set, not when it is used.
  const password = reader.string('password', { max: passwordMaxLength });
  const scope = reader.optionalString('scope', { min: 0, max: SCOPE_MAX });
  if (!reader.has('username') && !reader.has('email')) {
    reader.problem('username', '"username" is missing (it may hold an email address).');
  }
  if (reader.has('username') && reader.has('email')) {
    reader.problem('email', 'Give "username" or "email", not both.');
  }
  if (scope && !isScope(scope)) {
    reader.problem('scope', '"scope" must be names separated by single spaces.');
  }
  reader.finish();
  return { reference: createReference(username, email), password, scope: scope || null };
}

function createReference(username = '', email?: string): UserReference {
  if (email !== undefined) return { email };
  return username.includes('@') ? { email: username } : { username };
}
