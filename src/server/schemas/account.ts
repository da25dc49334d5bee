import { NoContent, password, refusals, SIGNED_IN, Time, User } from './common.ts';
import { boolean, list, nullable, object, string } from './json-schema.ts';

export const meSchema = {
  summary: 'Who am I?',
  description: 'The user the access token speaks for, as stored now.',
  tags: ['Account'],
  security: SIGNED_IN,
  response: { 200: User, ...refusals(400, 401) },
};

export const passwordSchema = {
  summary: 'Change the password',
  description: 'Ends every other session.',
  tags: ['Account'],
  security: SIGNED_IN,
  body: object(
    {
      current_password: string({ maxLength: 1024, format: 'password' }),
      new_password: password,
    },
    { additionalProperties: false },
  ),
  response: { 204: NoContent, ...refusals(400, 401, 403, 413, 415) },
};

export const sessionsSchema = {
  summary: 'List my sessions',
  description: 'Each is one sign-in that still lives: its device, its address, its last use.',
  tags: ['Account'],
  security: SIGNED_IN,
  response: {
    200: object(
      {
        sessions: list(
          object({
            id: string({ format: 'uuid' }),
            current: boolean({ description: 'Whether this request belongs to it.' }),
            device: nullable(string()),
            address: nullable(string()),
            created_at: Time,
            last_used_at: Time,
            expires_at: Time,
          }),
        ),
      },
      { description: 'The sessions, the latest first.' },
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
