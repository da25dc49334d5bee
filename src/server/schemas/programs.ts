import { refusals, SIGNED_IN } from './common.ts';
import { list, literal, nothing, object } from './json-schema.ts';

export const verifySchema = {
  summary: 'Forward authentication',
  description:
    'For proxies: 200 with `X-Auth-User`, `X-Auth-Session`, `X-Auth-Username`, `X-Auth-Roles` and `X-Auth-Scope`, or 401.',
  tags: ['For other programs'],
  security: SIGNED_IN,
  response: { 200: nothing({ description: 'Signed in.' }), ...refusals(400, 401, 403) },
};

export const jwksSchema = {
  summary: 'Public keys',
  tags: ['For other programs'],
  description: 'With these, any program verifies access tokens by itself (RFC 7517).',
  response: {
    200: {
      description: 'The keys.',
      content: {
        'application/jwk-set+json': {
          schema: object({ keys: list(object({}, { additionalProperties: true })) }),
        },
      },
    },
  },
};

export const metadataSchema = {
  summary: 'Authorization server metadata',
  tags: ['For other programs'],
  description: 'Where what is, for clients that configure themselves (RFC 8414).',
  response: {
    200: object({}, { additionalProperties: true, description: 'The metadata.' }),
  },
};

export const healthSchema = {
  summary: 'Is the process up?',
  tags: ['Operations'],
  response: { 200: object({ status: literal('ok') }, { description: 'Yes.' }) },
};

export const readySchema = {
  summary: 'Can it serve?',
  tags: ['Operations'],
  response: {
    200: object({ status: literal('ok') }, { description: 'Yes.' }),
    ...refusals(),
  },
};
