import { oauthRefusals, TokenForm } from '../../http/schema/common.ts';
import { nothing } from '../../http/schema/json-schema.ts';

export const revokeSchema = {
  summary: 'Revoke a token',
  description:
    'Takes an access token back, or a refresh token and with it its session (RFC 7009). Who holds it may do so. Any other text is answered the same.',
  tags: ['For other programs'],
  consumes: ['application/x-www-form-urlencoded'],
  body: TokenForm,
  response: {
    200: nothing({ description: 'It is worth nothing now.' }),
    ...oauthRefusals(400, 413),
  },
};
