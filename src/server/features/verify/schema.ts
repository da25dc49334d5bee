import { refusals, SIGNED_IN } from '../../http/schema/common.ts';
import { nothing } from '../../http/schema/json-schema.ts';

export const verifySchema = {
  summary: 'Forward authentication',
  description:
    'For proxies: 200 with `X-Auth-User`, `X-Auth-Session`, `X-Auth-Username`, `X-Auth-Roles` and `X-Auth-Scope`, empty where there is none, or 401.',
  tags: ['For other programs'],
  security: SIGNED_IN,
  response: { 200: nothing({ description: 'Signed in.' }), ...refusals(400, 401, 403) },
};
