import { ADMIN_ROLE } from '../../auth/administration/admin-role.ts';
import type { Notice } from '../../auth/notice.ts';
import type { Users } from '../../auth/users/users.ts';
import type { Settings } from '../../config/settings.ts';
import type { StandaloneApp } from '../../server/app.ts';
import { takeNotices } from '../../system/notices.ts';
import { CommandFailed } from '../shell/failures.ts';
import { toListenFailure } from './find-port.ts';

/** Everything a process needs to serve. Plain data and a set, so that it can be sent to a worker. */
export interface ServePlan {
  /** Complete: no process reads the environment or a file again. */
  readonly settings: Settings;
  /** How long to keep serving after the signal to stop, while `/readyz` answers 503. */
  readonly drainMs: number;
}

export interface ServeReporting {
  /** Called with what the start is waiting for. */
  readonly onWait: (text: string) => void;
  /** Called with the notices about the start. Default: they are logged. */
  readonly onNotices?: (notices: readonly Notice[]) => void;
}

/**
 * Opens Latchkey and listens.
 * @throws {CommandFailed} if it cannot listen; the message says what to do
 * @throws {InvalidSetting}
 * @throws {StoreUnavailable}
 */
export async function startServing(
  { settings }: ServePlan,
  { onWait, onNotices }: ServeReporting,
): Promise<StandaloneApp> {
  const { createAppWith, recallContext } = await loadServer();
  const app = await createAppWith(settings, { onWait });
  const { host, port } = settings;
  const { latchkey } = recallContext(app.latchkey);
  onNotices?.([...takeNotices(latchkey), ...(await noticeNoAdministrator(latchkey.users))]);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw toListenFailure(error, host, port);
  }
  return app;
}

/** Tells who starts a server without an administrator how to make the first one. */
export async function noticeNoAdministrator(users: Users): Promise<readonly Notice[]> {
  if (await users.isRoleHeld(ADMIN_ROLE)) return [];
  const text = `There is no administrator yet. Create one: latchkey users create --username NAME --role ${ADMIN_ROLE}`;
  return [{ level: 'info', text }];
}

/**
 * Loads what only serving needs. Fastify is a peer of this package: npm, pnpm and Bun install peers by themselves, Yarn
 * does not.
 * @throws {CommandFailed} if Fastify is not installed
 */
async function loadServer() {
  try {
    const [app, context] = await Promise.all([
      import('../../server/app.ts'),
      import('../../server/http/routes/route-context.ts'),
    ]);
    return { createAppWith: app.createAppWith, recallContext: context.recallContext };
  } catch (error) {
    if (!isFastifyMissing(error)) throw error;
    throw new CommandFailed(
      'The server needs Fastify, which is not installed. Install it beside latchkey: npm install fastify',
    );
  }
}

function isFastifyMissing(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  return error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes("'fastify'");
}
