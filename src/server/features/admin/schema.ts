import {
  AUDIT_ACTOR_KINDS,
  AUDIT_EVENT_TYPES,
  AUDIT_SUBJECT_KINDS,
} from '../../../auth/audit/event.ts';
import { NoContent, refusals, SIGNED_IN, Time } from '../../http/schema/common.ts';
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
};
