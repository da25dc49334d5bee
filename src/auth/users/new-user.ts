import { InputReader } from '../input.ts';
import type { UserRecord } from '../model.ts';
import type { PasswordHasher } from '../ports/password-hasher.ts';
import { type FieldRules, readProfile, readRepeats } from './custom-fields.ts';
import { EMAIL_MAX, findEmailKey, findUsernameKey, USERNAME_MAX } from './identifiers.ts';

const NAME_MAX = 256;
const ROLE = /^[\w.:/-]{1,64}$/;
const ROLES_MAX = 32;
const HASH_MAX = 512;

/** What a person gives to register. The host's own `fields` come beside these, by their names. */
export interface NewUserInput {
  /** 1 to 64 letters, digits and `. _ + -`. One of `username` and `email` is needed. */
  readonly username?: string;
  readonly email?: string;
  readonly password: string;
  readonly name?: string;
  readonly [field: string]: unknown;
}

/** What the host's own code may give as well. */
export interface CreateUserInput extends Omit<NewUserInput, 'password'> {
  readonly password?: string;
  /**
   * Instead of a password: an argon2id (PHC) or bcrypt (`$2a$`, `$2b$`, `$2y$`) hash from another system.
   * It is replaced at the next login. A hash that no password can match is refused: one that was cut, or costs
   * more than is verified (bcrypt 15; argon2id 256 MiB, 64 passes, 16 lanes, 4 GiB of memory times passes). Without either, the user cannot sign in by password.
   */
  readonly passwordHash?: string;
  readonly roles?: readonly string[];
}

/** A user to be, read and checked, before its password is hashed. */
export interface ParsedUser
  extends Pick<
    UserRecord,
    'username' | 'usernameKey' | 'email' | 'emailKey' | 'name' | 'roles' | 'profile'
  > {
  readonly password: string | undefined;
  readonly passwordHash: string | undefined;
}

export interface UserPolicy {
  readonly passwordMinLength: number;
  readonly passwordMaxLength: number;
  readonly fields: FieldRules;
}

/**
 * Reads what a person sent to register. Refuses every member not named here, so nobody gives itself
 * a role, an id or a verified address.
 * @throws {InvalidInput}
 */
export function parseNewUser(input: unknown, policy: UserPolicy): ParsedUser {
  const reader = new InputReader(input);
  const password = readNewPassword(reader, 'password', policy);
  const names = readNames(reader);
  const profile = readProfile(reader, policy.fields);
  readRepeats(reader, policy.fields);
  reader.finish();
  return { ...names, profile, roles: [], password, passwordHash: undefined };
}

/**
 * Reads what the host's own code gives.
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
 * A hash that no password can match locks its user out, and nobody would find out why. The hash itself is not
 * quoted.
 */
function findImportProblem(
  hash: string,
  hasher: Pick<PasswordHasher, 'findHashProblem'>,
): string | undefined {
  const problem = hasher.findHashProblem?.(hash);
  if (problem !== undefined) return problem;
  return /^\$(argon2id|2[aby])\$/.test(hash) ? undefined : 'must be an argon2id or a bcrypt hash';
}

/** @throws {InvalidInput} */
export function parseRoles(roles: unknown): readonly string[] {
  const reader = new InputReader({ roles });
  const parsed = readRoles(reader, reader.raw('roles'));
  reader.finish();
  return parsed;
}

/** Reads a password to be set. It is taken exactly as it is: nothing is trimmed, cut or normalised. */
export function readNewPassword(reader: InputReader, field: string, policy: UserPolicy): string {
  return reader.string(field, { min: policy.passwordMinLength, max: policy.passwordMaxLength });
}

function readNames(
  reader: InputReader,
): Pick<UserRecord, 'username' | 'usernameKey' | 'email' | 'emailKey' | 'name'> {
  const username = reader.optionalString('username', { max: USERNAME_MAX });
  const email = reader.optionalString('email', { max: EMAIL_MAX });
  const name = reader.optionalString('name', { max: NAME_MAX });
  if (!reader.has('username') && !reader.has('email')) {
    reader.problem('username', 'Give a "username", an "email", or both.');
  }
  const usernameKey = username === undefined ? undefined : findUsernameKey(username);
  if (username !== undefined && usernameKey === undefined) {
    reader.problem(
      'username',
      '"username" may have letters, digits and . _ + - and must begin with a letter or digit. No blanks.',
    );
  }
  const emailKey = email === undefined ? undefined : findEmailKey(email);
  if (email !== undefined && emailKey === undefined) {
    reader.problem('email', '"email" must be an email address, such as jane@example.com.');
  }
  return {
    username: username?.normalize('NFC') ?? null,
    usernameKey: usernameKey ?? null,
    email: email ?? null,
    emailKey: emailKey ?? null,
    name: name ?? null,
  };
}

function readRoles(reader: InputReader, roles: unknown): readonly string[] {
  const fit =
    Array.isArray(roles) &&
    roles.length <= ROLES_MAX &&
    roles.every((role) => typeof role === 'string' && ROLE.test(role));
  if (fit) return [...new Set<string>(roles)];
  reader.problem(
    'roles',
    `"roles" must be a list of at most ${ROLES_MAX} names of letters, digits and _ . : / - (64 at most).`,
  );
  return [];
}
