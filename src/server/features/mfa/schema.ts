import {
  ByCookie,
  factorMethod,
  NoContent,
  refusals,
  SIGNED_IN,
  Time,
  Tokens,
  TransportQuery,
} from '../../http/schema/common.ts';
import {
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

const factor = {
  id: string({ format: 'uuid' }),
  kind: oneOf(['totp'], { description: '`totp`: an authenticator app.' }),
  name: string(),
  created_at: Time,
  last_used_at: nullable(Time),
};
const recoveryCodes = list(string({ examples: ['7KQ2-M0XD-9VTB-4HRE'] }), {
  description: 'Ten codes, each for one use. They are not shown again.',
});
const params = object({ id: string({ format: 'uuid', description: 'Of the authenticator.' }) });
const tags = ['Second factors'];
const FRESH =
  'Needs an authentication within the last 10 minutes, by a second factor if the account has one; else 401 `insufficient_user_authentication`.';

export const completeSignInSchema = {
  summary: 'Complete a sign-in',
  description:
    'Where a sign-in was answered with 401 `mfa_required`, send its `challenge` and a code of one of its `methods`. The answer is that of a login. 401 `invalid_code`: after five the challenge ends (`one_time_secret_refused`). 401 `password_change_required`: a new password is the next step.',
  tags,
  querystring: TransportQuery,
  body: named(
    'SecondFactor',
    object(
      {
        challenge: string(),
        method: factorMethod,
        code: string({ examples: ['123456'] }),
      },
      { additionalProperties: false },
    ),
  ),
  response: {
    200: either([Tokens, ByCookie], { description: 'Signed in.' }),
    ...refusals(400, 401, 403, 413, 415, 429),
  },
};

export const factorsSchema = {
  summary: 'List my second factors',
  description: 'The authenticators of the user, the oldest first.',
  tags,
  security: SIGNED_IN,
  response: {
    200: named(
      'FactorList',
      object(
        { factors: list(named('Factor', object(factor))), recovery_codes_left: integer() },
        { description: 'The second factors.' },
      ),
    ),
    ...refusals(400, 401),
  },
};

export const addTotpSchema = {
  summary: 'Add an authenticator app',
  description: `Show \`qr\` or \`secret\`, then confirm within 10 minutes with a code of the app. ${FRESH}`,
  tags,
  security: SIGNED_IN,
  body: named(
    'NewAuthenticator',
    object({ name: string({ maxLength: 64 }) }, { additionalProperties: false }),
  ),
  response: {
    200: named(
      'AddedAuthenticator',
      object(
        {
          id: string({ format: 'uuid' }),
          secret: string({ description: 'Base32, for people who type it.' }),
          uri: string({ description: '`otpauth://totp/…`' }),
          qr: string({ description: 'The QR code of `uri`: an SVG image as a `data:` URL.' }),
        },
        { description: 'Not a factor yet.' },
      ),
    ),
    ...refusals(400, 401, 403, 413, 415),
  },
};

export const confirmTotpSchema = {
  summary: 'Confirm an authenticator app',
  description:
    'From now on every sign-in asks for a second factor. With the first factor come recovery codes. A code that was accepted here is refused at a sign-in.',
  tags,
  security: SIGNED_IN,
  params,
  body: named(
    'AuthenticatorCode',
    object({ code: string({ examples: ['123456'] }) }, { additionalProperties: false }),
  ),
  response: {
    200: named(
      'ConfirmedFactor',
      object(
        { ...factor, recovery_codes: optional(recoveryCodes) },
        { description: 'It is a factor now.' },
      ),
    ),
    ...refusals(400, 401, 403, 404, 413, 415),
  },
};

export const removeTotpSchema = {
  summary: 'Remove an authenticator app',
  description: `With the last one the recovery codes go, and sign-ins ask for no second factor. ${FRESH}`,
  tags,
  security: SIGNED_IN,
  params,
  response: { 204: NoContent, ...refusals(400, 401, 403, 404) },
};

export const recoveryCodesSchema = {
  summary: 'Replace my recovery codes',
  description: `Earlier ones are refused from now on. ${FRESH}`,
  tags,
  security: SIGNED_IN,
  response: {
    200: named(
      'RecoveryCodes',
      object({ recovery_codes: recoveryCodes }, { description: 'The new codes.' }),
    ),
    ...refusals(400, 401, 403, 404, 413, 415),
  },
};
