import {
  AUDIT_ACTOR_KINDS,
  AUDIT_EVENT_TYPES,
  AUDIT_SUBJECT_KINDS,
} from '../../../auth/audit/event.ts';
import {
  email,
  NoContent,
  refusals,
  SIGNED_IN,
  Time,
  User,
  username,
} from '../../http/schema/common.ts';
import {
  boolean,
  integer,
  list,
  mayBeAbsent,
  named,
  nullable,
  object,
  oneOf,
  optional,
  type Schema,
  string,
} from '../../http/schema/json-schema.ts';
import { Session } from '../account/schema.ts';

const Client = {
  id: string(),
  name: string(),
  kind: string(),
  created_at: Time,
  old_secrets_end_at: nullable(Time),
};
const ClientWithKey = named(
  'ClientWithKey',
  object(
    { ...Client, key: string({ description: 'It is not shown again.' }) },
    { description: 'The client and its key.' },
  ),
);
const Key = named(
  'Key',
  object(
    {
      kid: string(),
      algorithm: string(),
      state: oneOf(['next', 'signing', 'retiring', 'retired', 'revoked']),
      created_at: Time,
      active_at: Time,
      retired_at: nullable(Time),
      revoked_at: nullable(Time),
    },
    { description: 'A signing key, without its private part.' },
  ),
);

const Throttled = named(
  'ThrottledName',
  object(
    {
      id: string({ format: 'uuid' }),
      user: nullable(User),
      failures: integer({ description: 'How many attempts failed in a row.' }),
      next_attempt_at: Time,
    },
    { description: 'A name at which sign-ins have to wait.' },
  ),
);

const Party = (kinds: readonly string[]) => object({ kind: oneOf(kinds), id: nullable(string()) });
const Event = named(
  'AuditEvent',
  object(
    {
      id: string({ format: 'uuid' }),
      at: Time,
      type: oneOf(Object.keys(AUDIT_EVENT_TYPES)),
      actor: Party(AUDIT_ACTOR_KINDS),
      subject: Party(AUDIT_SUBJECT_KINDS),
      session_id: nullable(string()),
      outcome: oneOf(['success', 'failure']),
      reason: nullable(string()),
      address: nullable(string()),
      user_agent: nullable(string()),
      changes: nullable(object({}, { additionalProperties: true })),
    },
    { description: 'An event of the audit trail.' },
  ),
);
const AdminUser = {
  id: string({ format: 'uuid' }),
  username: nullable(string()),
  email: nullable(string()),
  name: nullable(string()),
  roles: list(string()),
  created_at: Time,
  updated_at: Time,
  disabled_at: nullable(Time),
  password_change_required_at: nullable(Time),
};
const UserForAdministrators = named(
  'UserForAdministrators',
  object(AdminUser, { description: 'The user. The host may add fields of its own.' }),
);
const temporaryPassword = {
  password: string({ description: 'It is not shown again.' }),
  password_expires_at: Time,
};
const count = integer({ minimum: 0 });
const names = {
  username: optional(nullable(username)),
  email: optional(nullable(email)),
  name: optional(nullable(string({ maxLength: 256 }))),
};
const roles = list(string({ maxLength: 64 }), { maxItems: 32 });
const sessionId = object({ id: string({ format: 'uuid' }), sid: string({ format: 'uuid' }) });

const page = {
  after: optional(string({ description: '`next_cursor` of the page before.' })),
  limit: optional(integer({ minimum: 1, maximum: 200, default: 100 })),
};

/** A page of a list. */
const pageOf = (name: string, rows: string, item: Schema) =>
  named(
    name,
    object(
      {
        [rows]: list(item),
        next_cursor: nullable(string({ description: 'null: this is the last page.' })),
      },
      { description: 'A page of the list.' },
    ),
  );

const administration = { tags: ['Administration'], security: SIGNED_IN };
const body = (name: string, members: Parameters<typeof object>[0]) =>
  named(name, object(members, { additionalProperties: false }));
const readRefusals = refusals(400, 401, 403, 404);
const changeRefusals = refusals(400, 401, 403, 404, 413, 415);
const id = object({ id: string() });

/** The documentation of each route of administration. */
export const adminSchemas = {
  adminUsers: {
    ...administration,
    summary: 'List and search users',
    description:
      'In the order in which they were added. `search` finds the beginning of the username or the address, in the order of what matches. A page may have fewer users than its limit; the last one has no `next_cursor`.',
    querystring: object({
      search: optional(string({ description: 'The beginning of the username or the address.' })),
      role: optional(string()),
      disabled: optional(boolean()),
      created_since: optional(Time),
      created_until: optional(Time),
      ...page,
    }),
    response: { 200: pageOf('UserList', 'users', UserForAdministrators), ...readRefusals },
  },
  adminCreateUser: {
    ...administration,
    summary: 'Create a user',
    description:
      'With a random password, which is shown once, works for 24 hours and must be changed at the first sign-in. The host may add fields of its own.',
    body: body('AdministeredUser', { ...names, roles: optional(roles) }),
    response: {
      201: named(
        'UserWithPassword',
        object({ ...AdminUser, ...temporaryPassword }, { description: 'The user was created.' }),
      ),
      ...refusals(400, 401, 403, 409, 413, 415),
    },
  },
  adminUser: {
    ...administration,
    summary: 'Show a user',
    description: 'As stored now.',
    params: id,
    response: { 200: UserForAdministrators, ...readRefusals },
  },
  adminUpdateUser: {
    ...administration,
    summary: 'Change a user',
    description:
      'Only what is given changes; null removes it. Access tokens issued before are refused. Not for administrators.',
    params: id,
    body: body('UserChanges', names),
    response: { 200: UserForAdministrators, ...refusals(400, 401, 403, 404, 409, 413, 415) },
  },
  adminDeleteUser: {
    ...administration,
    summary: 'Delete a user',
    description: 'Ends all sessions. Not the last enabled administrator.',
    params: id,
    response: { 204: NoContent, ...changeRefusals },
  },
  adminDisableUser: {
    ...administration,
    summary: 'Disable a user',
    description: 'Ends all sessions, and lets none start. Not the last enabled administrator.',
    params: id,
    response: { 204: NoContent, ...changeRefusals },
  },
  adminEnableUser: {
    ...administration,
    summary: 'Enable a user',
    description: 'Lets a disabled user sign in again.',
    params: id,
    response: { 204: NoContent, ...changeRefusals },
  },
  adminSetPassword: {
    ...administration,
    summary: 'Set a temporary password',
    description:
      'It is random, shown once, works for 24 hours and must be changed at the next sign-in. Ends all sessions. Not for administrators.',
    params: id,
    response: {
      200: named(
        'TemporaryPassword',
        object(temporaryPassword, { description: 'The password was set.' }),
      ),
      ...changeRefusals,
    },
  },
  adminSetRoles: {
    ...administration,
    summary: 'Replace the roles of a user',
    description:
      'Sessions live on; access tokens with the old roles are refused. Not for administrators, but it can make a user one.',
    params: id,
    body: body('Roles', { roles }),
    response: { 200: UserForAdministrators, ...changeRefusals },
  },
  adminSessions: {
    ...administration,
    summary: 'List the sessions of a user',
    description: 'The live sessions, the latest first.',
    params: id,
    querystring: object(page),
    response: { 200: pageOf('UserSessionList', 'sessions', Session), ...readRefusals },
  },
  adminSession: {
    ...administration,
    summary: 'Show a session of a user',
    description: 'If it is live.',
    params: sessionId,
    response: { 200: Session, ...readRefusals },
  },
  adminEndSessions: {
    ...administration,
    summary: 'End all sessions of a user',
    description: 'Their tokens are refused from now on.',
    params: id,
    response: { 204: NoContent, ...changeRefusals },
  },
  adminEndSession: {
    ...administration,
    summary: 'End one session of a user',
    description: 'Its tokens are refused from now on.',
    params: sessionId,
    response: { 204: NoContent, ...changeRefusals },
  },
  adminClients: {
    ...administration,
    summary: 'List clients',
    description: 'Programs that have a key of their own, such as guards, the oldest first.',
    querystring: object(page),
    response: {
      200: pageOf('ClientList', 'clients', named('Client', object(Client))),
      ...readRefusals,
    },
  },
  adminAudit: {
    ...administration,
    summary: 'Search the audit trail',
    description:
      'The events that meet all conditions, the newest first. With `Accept: application/x-ndjson` the answer is all of them, as one JSON object a line, and `limit` has no effect.',
    querystring: object({
      actor: optional(
        string({
          description:
            'The id of a user; or `client`, `operator`, `system` or `anonymous`; or one of these with an id, such as `operator:root`.',
        }),
      ),
      subject: optional(
        string({ description: 'The id of a user; or `client:` or `key:` with an id.' }),
      ),
      type: optional(string({ description: 'A type, or several separated by commas.' })),
      outcome: optional(oneOf(['success', 'failure'])),
      address: optional(string({ description: 'A network address.' })),
      since: optional(string({ description: 'Events from this time on.' })),
      until: optional(string({ description: 'Events before this time.' })),
      ...page,
    }),
    response: { 200: pageOf('AuditEventList', 'events', Event), ...readRefusals },
  },
  adminThrottled: {
    ...administration,
    summary: 'List names that wait',
    description:
      'Usernames and email addresses at which too many sign-ins failed, with their user; `user` is null where no user has the name. The name that was tried is not stored. Known devices need not wait.',
    querystring: object(page),
    response: { 200: pageOf('ThrottledList', 'throttled', Throttled), ...readRefusals },
  },
  adminUnthrottle: {
    ...administration,
    summary: 'End the wait of a name',
    description: 'Its failures are forgotten. Every node notices within five seconds.',
    params: id,
    response: { 204: NoContent, ...changeRefusals },
  },
  adminCreateClient: {
    ...administration,
    summary: 'Create a client',
    description: 'Its key is shown once.',
    body: body('NewClient', { name: string({ maxLength: 64 }), kind: optional(oneOf(['guard'])) }),
    response: { 201: ClientWithKey, ...changeRefusals },
  },
  adminRotateClientSecret: {
    ...administration,
    summary: 'Give a client a new key',
    description: 'Earlier keys stay valid for the overlap, by default 24 hours.',
    params: id,
    body: mayBeAbsent(
      body('ClientSecretRotation', {
        overlap_seconds: optional(integer({ minimum: 0, maximum: 2_592_000, default: 86_400 })),
      }),
    ),
    response: { 200: ClientWithKey, ...changeRefusals },
  },
  adminDeleteClient: {
    ...administration,
    summary: 'Delete a client',
    description: 'Its keys are refused from now on.',
    params: id,
    response: { 204: NoContent, ...changeRefusals },
  },
  adminKeys: {
    ...administration,
    summary: 'List signing keys',
    description: 'The keys in the database with their states. Private parts are never shown.',
    querystring: object(page),
    response: { 200: pageOf('KeyList', 'keys', Key), ...readRefusals },
  },
  adminRotateKey: {
    ...administration,
    summary: 'Replace the signing key',
    description:
      'The new key is published for 10 minutes before it signs; with `now` it signs in a second. Tokens of the old key stay valid until they expire.',
    body: mayBeAbsent(
      body('KeyRotation', { algorithm: optional(string()), now: optional(boolean()) }),
    ),
    response: { 200: Key, ...changeRefusals },
  },
  adminRevokeKey: {
    ...administration,
    summary: 'Refuse all tokens of a signing key',
    description:
      'As after a leak. Sessions live on: clients refresh, and get tokens of another key.',
    params: object({ kid: string() }),
    response: { 204: NoContent, ...changeRefusals },
  },
  adminStats: {
    ...administration,
    summary: 'Count users, sessions and recent events',
    description: 'The events are those of the last hour. The numbers may be ten seconds old.',
    response: {
      200: named(
        'Statistics',
        object(
          {
            users: object({ total: count, disabled: count, administrators: count }),
            sessions: object({ live: count }),
            events: object({
              since: Time,
              by_type: object({}, { additionalProperties: count }),
            }),
            read_at: Time,
          },
          { description: 'The numbers.' },
        ),
      ),
      ...refusals(400, 401, 403),
    },
  },
};
