// tRPC: a procedure for people who are signed in, and one that also asks for a role.
import { initTRPC, TRPCError } from '@trpc/server';
import type { CreateHTTPContextOptions } from '@trpc/server/adapters/standalone';
import { type AccessRequirements, errorResponse, type Guard } from 'latchkey/guard';

export const createContext = ({ req }: CreateHTTPContextOptions) => ({ req });
const t = initTRPC.context<typeof createContext>().create();

export function createRouter(guard: Guard) {
  const protect = (requirements: AccessRequirements = {}) => {
    const check = guard.require(requirements);
    return t.procedure.use(async ({ ctx, next }) => {
      try {
        return await next({ ctx: { user: await check(ctx.req) } });
      } catch (cause) {
        const code = errorResponse(cause).status === 403 ? 'FORBIDDEN' : 'UNAUTHORIZED';
        throw new TRPCError({ code, cause });
      }
    });
  };
  return t.router({
    hello: protect().query(({ ctx }) => `Hello, ${ctx.user.username}.`),
    report: protect({ roles: ['admin'] }).query(() => 'Only for admins.'),
  });
}
