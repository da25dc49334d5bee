import { toTime } from '../../http/views.ts';
import type { AdminHandler } from './admin-call.ts';
import { toAdminView } from './views.ts';

export const throttlingHandlers = {
  async adminThrottled({ administration, query }) {
    const { throttled, nextCursor } = await administration.throttling.list(query);
    return {
      throttled: throttled.map(({ id, user, failures, openAt }) => ({
        id,
        user: user && toAdminView(user),
        failures,
        next_attempt_at: toTime(openAt),
      })),
      next_cursor: nextCursor,
    };
  },

  async adminUnthrottle({ administration, administrator, params, reply }) {
    await administration.throttling.release(params.id, administrator);
    return reply.code(204).send();
  },
} satisfies Record<string, AdminHandler>;
