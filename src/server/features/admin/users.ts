import { toTime } from '../../http/views.ts';
import { toSessionView } from '../account/session-view.ts';
import type { AdminHandler } from './admin-call.ts';
import { toAdminView } from './views.ts';

export const userHandlers = {
  async adminUsers({ administration, query }) {
    const { users, nextCursor } = await administration.users.list(query);
    return { users: users.map(toAdminView), next_cursor: nextCursor };
  },

  async adminCreateUser({ administration, administrator, input, reply }) {
    const created = await administration.users.create(input, administrator);
    reply.code(201);
    return { ...toAdminView(created.user), ...toPasswordView(created) };
  },

  async adminUser({ administration, params }) {
    return toAdminView(await administration.users.find(params.id));
  },

  async adminUpdateUser({ administration, administrator, params, input }) {
    return toAdminView(await administration.users.update(params.id, input, administrator));
  },

  async adminDeleteUser({ administration, administrator, params, reply }) {
    await administration.users.delete(params.id, administrator);
    return reply.code(204).send();
  },

  async adminDisableUser({ administration, administrator, params, reply }) {
    await administration.users.disable(params.id, administrator);
    return reply.code(204).send();
  },

  async adminEnableUser({ administration, administrator, params, reply }) {
    await administration.users.enable(params.id, administrator);
    return reply.code(204).send();
  },

  async adminSetPassword({ administration, administrator, params }) {
    return toPasswordView(await administration.users.setPassword(params.id, administrator));
  },

  async adminSetRoles({ administration, administrator, params, input }) {
    return toAdminView(await administration.users.setRoles(params.id, input, administrator));
  },

  async adminSessions({ administration, administrator, params, query }) {
    const { sessions, nextCursor } = await administration.users.listSessions(params.id, query);
    const { sid } = administrator.principal;
    return { sessions: sessions.map((it) => toSessionView(it, sid)), next_cursor: nextCursor };
  },

  async adminSession({ administration, administrator, params }) {
    const session = await administration.users.findSession(params.id, params.sid);
    return toSessionView(session, administrator.principal.sid);
  },

  async adminEndSessions({ administration, administrator, params, reply }) {
    await administration.users.endSessions(params.id, administrator);
    return reply.code(204).send();
  },

  async adminEndSession({ administration, administrator, params, reply }) {
    await administration.users.endSession(params.id, params.sid, administrator);
    return reply.code(204).send();
  },

  async adminStats({ administration, administrator }) {
    const read = await administration.readStatistics(administrator.role);
    return {
      users: read.users,
      sessions: { live: read.sessions },
      events: { since: toTime(read.eventsSince), by_type: read.events },
      read_at: toTime(read.readAt),
    };
  },
} satisfies Record<string, AdminHandler>;

function toPasswordView({ password, expiresAt }: { password: string; expiresAt: number }): object {
  return { password, password_expires_at: toTime(expiresAt) };
}
