import {
  ByCookie,
  factorMethod,
  NoContent,
  password,
  refusals,
  SIGNED_IN,
  Time,
  Tokens,
  TransportQuery,
  User,
  username,
} from '../../http/schema/common.ts';
import {
  boolean,
  either,
  integer,
  list,
  named,
  nullable,
  object,
  oneOf,
  optional,
  string,
} from '../../http/schema/json-schema.ts';

export const Session = named(
  'Session',
  object(
    {
      id: string({ format: 'uuid' }),
      current: boolean({ description: 'Whether this request belongs to it.' }),
      device: nullable(string()),
      address: nullable(string()),
      created_at: Time,
      last_used_at: Time,
      expires_at: Time,
    },
    { description: 'One sign-in.' },
  ),
);

const SecurityEvent = named(
  'SecurityEvent',
  object(
    {
      id: string({ format: 'uuid' }),
      at: Time,
      type: string({ description: 'As in the audit trail.' }),
      outcome: oneOf(['success', 'failure']),
      reason: nullable(string()),
      actor: oneOf(['self', 'anonymous', 'administrator', 'system']),
      device: nullable(string()),
      address: nullable(string()),
      session_id: nullable(string()),
    },
    { description: 'Something that happened to the account.' },
  ),
);

export const meSchema = {
  summary: 'Who am I?',
  description: 'The user the access token speaks for, as stored now.',
  tags: ['Account'],
  security: SIGNED_IN,
  response: { 200: User, ...refusals(400, 401) },
};

export const updateMeSchema = {
  summary: 'Change my account',
  description:
    'Changes the username, the name and the fields of the host. A member that is absent stays, and null removes the value. Access tokens that were issued before are refused: refresh. The answer is the user.',
  tags: ['Account'],
  security: SIGNED_IN,
  body: named(
    'AccountChanges',
    object(
      {
        username: optional(nullable(username)),
        name: optional(nullable(string({ maxLength: 256 }))),
      },
      { description: 'The host may have fields of its own.' },
    ),
  ),
  response: { 200: User, ...refusals(400, 401, 403, 409, 413, 415) },
};

export const deleteMeSchema = {
  summary: 'Delete my account',
  description:
    'Needs an authentication no older than 10 minutes: see `/auth/reauthenticate`. All sessions end. The last enabled administrator gets 403 `last_administrator`.',
  tags: ['Account'],
  security: SIGNED_IN,
  response: { 204: NoContent, ...refusals(400, 401, 403) },
};

export const passwordSchema = {
  summary: 'Change the password',
  description:
    'Ends every other session. A user with a second factor must have presented it within the last 10 minutes. Answers with new tokens of this one, or with cookies where the request came by cookie. Its old tokens are refused. Where a sign-in was answered with 401 `password_change_required`, send its `challenge` and the new password, without a token: the answer is that of a login.',
  tags: ['Account'],
  security: SIGNED_IN,
  querystring: TransportQuery,
  body: either([
    named(
      'PasswordChange',
      object(
        {
          current_password: string({ maxLength: 1024, format: 'password' }),
          new_password: password,
        },
        { additionalProperties: false },
      ),
    ),
    named(
      'RequiredPasswordChange',
      object({ challenge: string(), new_password: password }, { additionalProperties: false }),
    ),
  ]),
  response: {
    200: either([Tokens, ByCookie], { description: 'The password was changed.' }),
    ...refusals(400, 401, 403, 413, 415, 429),
  },
};

export const reauthenticateSchema = {
  summary: 'Reauthenticate',
  description:
    'Presents the password again within the session, or a second factor if the account has one, for what answers 401 `insufficient_user_authentication` (RFC 9470). The answer has new tokens of the same session, or cookies where the request came by cookie. Its old tokens are refused.',
  tags: ['Account'],
  security: SIGNED_IN,
  body: either([
    named(
      'Reauthentication',
      object(
        { password: string({ maxLength: 1024, format: 'password' }) },
        { additionalProperties: false },
      ),
    ),
    named(
      'ReauthenticationByFactor',
      object({ method: factorMethod, code: string() }, { additionalProperties: false }),
    ),
  ]),
  response: {
    200: either([Tokens, ByCookie], { description: 'Authenticated again.' }),
    ...refusals(400, 401, 403, 413, 415, 429),
  },
};

export const sessionsSchema = {
  summary: 'List my sessions',
  description:
    'The live sessions of the user with device, address and last use, page by page. The latest come first.',
  tags: ['Account'],
  security: SIGNED_IN,
  querystring: object({
    after: optional(string({ format: 'uuid', description: '`next_cursor` of the page before.' })),
    limit: optional(integer({ minimum: 1, maximum: 200, default: 100 })),
  }),
  response: {
    200: named(
      'SessionList',
      object(
        {
          sessions: list(Session),
          next_cursor: nullable(
            string({ format: 'uuid', description: 'null: this is the last page.' }),
          ),
        },
        { description: 'The sessions, the latest first.' },
      ),
    ),
    ...refusals(400, 401),
  },
};

export const eventsSchema = {
  summary: 'List my security events',
  description:
    'What happened to the account, the latest first: sign-ins, failed ones too, changes, ended sessions. The address is shown if the user acted, or if it is not proven who did.',
  tags: ['Account'],
  security: SIGNED_IN,
  querystring: sessionsSchema.querystring,
  response: {
    200: named(
      'SecurityEventList',
      object(
        {
          events: list(SecurityEvent),
          next_cursor: nullable(
            string({ format: 'uuid', description: 'null: this is the last page.' }),
          ),
        },
        { description: 'The events, the latest first.' },
      ),
    ),
    ...refusals(400, 401),
  },
};

export const sessionSchema = {
  summary: 'End one of my sessions',
  description: 'Its tokens are refused from now on.',
  tags: ['Account'],
  security: SIGNED_IN,
  params: object({
    id: string({ format: 'uuid', description: 'From the list of sessions.' }),
  }),
  response: { 204: NoContent, ...refusals(400, 401, 403, 404) },
};
