import { oauthRefusals, TokenForm } from '../../http/schema/common.ts';
import { nothing } from '../../http/schema/json-schema.ts';

export const revokeSchema = {
  summary: 'Revoke a token',
  description:
    'Revokes an access token, or a refresh token with its session (RFC 7009). Holding the token is enough. Any other text gets the same answer.',
  tags: ['For other programs'],
  consumes: ['application/x-www-form-urlencoded'],
  body: TokenForm,
  response: {
    200: nothing({ description: 'It is not accepted any longer.' }),
    ...oauthRefusals(400, 413),
  },
};
