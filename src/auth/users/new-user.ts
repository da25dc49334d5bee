import { type PasswordLengths, readNewPassword } from '../credentials/passwords/password-rules.ts';
import { InputReader } from '../input.ts';
import type { UserRecord } from '../model.ts';
import type { PasswordHasher } from '../ports/password-hasher.ts';
import { type FieldRules, readProfile, readRepeats } from './custom-fields.ts';
import { EMAIL_MAX, findEmailKey, findUsernameKey, USERNAME_MAX } from './identifiers.ts';

const NAME_MAX = 256;
const ROLE = /^[\w.:/-]{1,64}$/;
const ROLES_MAX = 32;
const HASH_MAX = 512;

/** What a user gives to register. The host's own `fields` are further members, by their names. */
export interface NewUserInput {
  /** 1 to 64 letters, digits and `. _ + -`; begins with a letter or digit. `username` or `email` is required. */
  readonly username?: string;
  /** At most 254 characters. `username` or `email` is required. */
  readonly email?: string;
  /**
   * 8 to 1,024 characters, unless the options say otherwise. Not a common password, and without 4 or more characters in
   * a row from the username, the name, the email address before its `@`, or the name of the app.
   */
  readonly password: string;
  /** The user's name for display, 1 to 256 characters. Default: null. */
  readonly name?: string;
  /** The host's own fields, as its `fields` option declares them. */
  readonly [field: string]: unknown;
}

/** What the host's own code gives to create a user. */
export interface CreateUserInput extends Omit<NewUserInput, 'password'> {
  /**
   * 8 to 1,024 characters, unless the options say otherwise. If it is easy to guess, it is accepted with a warning. With
   * neither `password` nor `passwordHash`, the user cannot sign in by password.
   */
  readonly password?: string;
  /**
   * Instead of a password: an argon2id (PHC) or bcrypt (`$2a$`, `$2b$`, `$2y$`) hash from another system. It is
   * replaced at the next sign-in. A hash that no password can match is refused: one that was cut, or one that costs
   * more than is verified (bcrypt cost 15; argon2id 256 MiB, 64 passes, 16 lanes, 4 GiB of memory times passes).
   */
  readonly passwordHash?: string;
  /** At most 32, each of 1 to 64 letters, digits and `_ . : / -`. Default: none. */
  readonly roles?: readonly string[];
}

/** The checked input for a new user, before the password is hashed. */
export interface ParsedUser
  extends Pick<
    UserRecord,
    'username' | 'usernameKey' | 'email' | 'emailKey' | 'name' | 'roles' | 'profile'
  > {
  readonly password: string | undefined;
  readonly passwordHash: string | undefined;
}

/** The host's rules for new users. */
export interface UserPolicy extends PasswordLengths {
  readonly fields: FieldRules;
}

/**
 * Reads what a user sent to register. The attack: a user who sends a role, an id or a verified address. Every unknown
 * member is refused.
 * @throws {InvalidInput}
 */
export function parseNewUser(
  input: unknown,
  policy: UserPolicy,
): ParsedUser & { readonly password: string } {
  const reader = new InputReader(input);
  const password = readNewPassword(reader, 'password', policy);
  const names = readNames(reader);
  const profile = readProfile(reader, policy.fields);
  readRepeats(reader, policy.fields);
  reader.finish();
  return { ...names, profile, roles: [], password, passwordHash: undefined };
}

/**
 * Reads what the host's own code gives to create a user.
 * @throws {InvalidInput}
 */
export function parseCreateUser(
  input: unknown,
  policy: UserPolicy,
  hasher: Pick<PasswordHasher, 'findHashProblem'>,
): ParsedUser {
  const reader = new InputReader(input);
  const password = reader.has('password') ? readNewPassword(reader, 'password', policy) : undefined;
  const passwordHash = reader.optionalString('passwordHash', { max: HASH_MAX });
  if (passwordHash !== undefined) {
    if (password !== undefined) {
      reader.problem('passwordHash', 'Give "password" or "passwordHash", not both.');
    }
    const problem = findImportProblem(passwordHash, hasher);
    if (problem !== undefined) reader.problem('passwordHash', `"passwordHash" ${problem}.`);
  }
  const roles = reader.has('roles') ? readRoles(reader, reader.raw('roles')) : [];
  const names = readNames(reader);
  const profile = readProfile(reader, policy.fields);
  reader.finish();
  return { ...names, profile, roles, password, passwordHash };
}

/**
 * A hash that no password can match locks its user out, and the cause would be hard to find. The text does not quote the
 * hash.
 */
function findImportProblem(
  hash: string,
  hasher: Pick<PasswordHasher, 'findHashProblem'>,
): string | undefined {
  const problem = hasher.findHashProblem?.(hash);
  if (problem !== undefined) return problem;
  return /^\$(argon2id|2[aby])\$/.test(hash) ? undefined : 'must be an argon2id or a bcrypt hash';
}

/** Whether a text has the form of a role: 1 to 64 letters, digits and `_ . : / -`. */
export function isRole(text: string): boolean {
  return ROLE.test(text);
}

/**
 * Reads what an administrator gives to create a user: no password, as it is made, and no hash.
 * @throws {InvalidInput}
 */
export function parseAdministeredUser(input: unknown, policy: UserPolicy): ParsedUser {
  const reader = new InputReader(input);
  const roles = reader.has('roles') ? readRoles(reader, reader.raw('roles')) : [];
  const names = readNames(reader);
  const profile = readProfile(reader, policy.fields);
  reader.finish();
  return { ...names, profile, roles, password: undefined, passwordHash: undefined };
}

/** Reads a list of roles, and drops repeats. @throws {InvalidInput} */
export function parseRoles(roles: unknown): readonly string[] {
  const reader = new InputReader({ roles });
  const parsed = readRoles(reader, reader.raw('roles'));
  reader.finish();
  return parsed;
}

function readNames(
  reader: InputReader,
): Pick<UserRecord, 'username' | 'usernameKey' | 'email' | 'emailKey' | 'name'> {
  const username = readUsername(reader);
  const email = readEmail(reader);
  const name = readName(reader);
  if (!reader.has('username') && !reader.has('email')) {
    reader.problem('username', 'Give a "username", an "email", or both.');
  }
  return { ...username, ...email, name };
}

/** Reads a username that is to be stored; both members are null if it is absent. */
export function readUsername(reader: InputReader): Pick<UserRecord, 'username' | 'usernameKey'> {
  const username = reader.optionalString('username', { max: USERNAME_MAX });
  const usernameKey = username === undefined ? undefined : findUsernameKey(username);
  if (username !== undefined && usernameKey === undefined) {
    reader.problem(
      'username',
      '"username" may have letters, digits and . _ + - and must begin with a letter or digit. No blanks.',
    );
  }
  return { username: username?.normalize('NFC') ?? null, usernameKey: usernameKey ?? null };
}

/** Reads an address that is to be stored; both members are null if it is absent. */
export function readEmail(reader: InputReader): Pick<UserRecord, 'email' | 'emailKey'> {
  const email = reader.optionalString('email', { max: EMAIL_MAX });
  const emailKey = email === undefined ? undefined : findEmailKey(email);
  if (email !== undefined && emailKey === undefined) {
    reader.problem('email', '"email" must be an email address, such as jane@example.com.');
  }
  return { email: email ?? null, emailKey: emailKey ?? null };
}

/** Reads a name for display; null if it is absent. */
export function readName(reader: InputReader): string | null {
  return reader.optionalString('name', { max: NAME_MAX }) ?? null;
}

function readRoles(reader: InputReader, roles: unknown): readonly string[] {
  const fit =
    Array.isArray(roles) &&
    roles.length <= ROLES_MAX &&
    roles.every((role) => typeof role === 'string' && isRole(role));
  if (fit) return [...new Set<string>(roles)];
  reader.problem(
    'roles',
    `"roles" must be a list of at most ${ROLES_MAX} names of letters, digits and _ . : / - (64 at most).`,
  );
  return [];
}
