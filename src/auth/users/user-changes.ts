import { InputReader } from '../input.ts';
import type { UserRecord } from '../model.ts';
import type { EditedUser } from '../ports/users.ts';
import { type FieldRules, readProfileChanges } from './custom-fields.ts';
import { readEmail, readName, readUsername } from './new-user.ts';

/** What is to be changed, and the names of the members for the audit trail. */
export interface ParsedChanges {
  readonly changes: EditedUser;
  readonly fields: readonly string[];
}

/**
 * Reads changes of a user: `username`, `email`, `name` and the host's own fields. A member that is absent stays; null
 * removes the value.
 * @param hasEmail whether the address may be among the changes. Default: true
 * @param record the user; undefined: there is none, and the input is only checked
 * @throws {InvalidInput}
 */
export function parseUserChanges(
  input: unknown,
  record: UserRecord | undefined,
  rules: FieldRules,
  { hasEmail = true } = {},
): ParsedChanges {
  const reader = new InputReader(input);
  const username = readNullable(reader, 'username', readUsername);
  const email = hasEmail ? readNullable(reader, 'email', readEmail) : undefined;
  const name = readNullable(reader, 'name', (it) => ({ name: readName(it) }));
  const profile = readProfileChanges(reader, rules, record?.profile ?? {});
  const changes = {
    ...(username ?? (username === null ? { username: null, usernameKey: null } : {})),
    ...(email ?? (email === null ? { email: null, emailKey: null } : {})),
    ...(name ?? (name === null ? { name: null } : {})),
    ...(profile === undefined ? {} : { profile }),
  };
  const after = { ...record, ...changes };
  if (record !== undefined && after.username === null && after.email === null) {
    reader.problem('username', 'A user needs a "username", an "email", or both.');
  }
  const fields = Object.keys(Object(input));
  if (fields.length === 0) reader.problem('', 'Give what is to be changed.');
  reader.finish();
  return { changes, fields };
}

/** @returns undefined: the member is absent; null: it is null */
function readNullable<T>(
  reader: InputReader,
  field: string,
  read: (reader: InputReader) => T,
): T | null | undefined {
  if (!reader.has(field)) return undefined;
  return reader.raw(field) === null ? null : read(reader);
}
