import { Problem, refusals, SIGNED_IN } from './common.ts';
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
  response: {
    200: object({ keys: list(object({}, { additionalProperties: true })) }),
  },
};

export const metadataSchema = {
  summary: 'Authorization server metadata',
  tags: ['For other programs'],
  response: { 200: object({}, { additionalProperties: true }) },
};

export const healthSchema = {
  summary: 'Is the process up?',
  tags: ['Operations'],
  response: { 200: object({ status: literal('ok') }) },
};

export const readySchema = {
  summary: 'Can it serve?',
  tags: ['Operations'],
  response: { 200: object({ status: literal('ok') }), 503: Problem },
};
