import type { AdminHandler } from './admin-call.ts';
import { toKeyView } from './views.ts';

export const keyHandlers = {
  async adminKeys({ administration, query }) {
    const { keys, nextCursor } = await administration.keys.list(query);
    return { keys: keys.map(toKeyView), next_cursor: nextCursor };
  },

  async adminRotateKey({ administration, administrator, input }) {
    return toKeyView(await administration.keys.rotate(input, administrator));
  },

  async adminRevokeKey({ administration, administrator, params, reply }) {
    await administration.keys.revoke(params.kid, administrator);
    return reply.code(204).send();
  },
} satisfies Record<string, AdminHandler>;
