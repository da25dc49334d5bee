import { BY_CLIENT, refusals } from '../../http/schema/common.ts';
import { object, optional, string } from '../../http/schema/json-schema.ts';

export const revocationsSchema = {
  summary: 'The feed of revocations',
  description:
    'For clients, such as guards: server-sent events, first what is revoked now and then every revocation as it happens. `Last-Event-ID` continues where another connection ended.',
  tags: ['For other programs'],
  security: BY_CLIENT,
  headers: object({ 'last-event-id': optional(string()) }),
  response: {
    200: {
      description: 'The stream: events `snapshot` or `resumed`, `revoked`, `live`.',
      content: { 'text/event-stream': { schema: string() } },
    },
    ...refusals(400, 401),
  },
};
