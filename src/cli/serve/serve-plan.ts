import type { Notice } from '../../auth/notice.ts';
import type { Settings } from '../../config/settings.ts';
import type { StandaloneApp } from '../../server/app.ts';
import { takeNotices } from '../../system/notices.ts';
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
  const [{ createAppWith }, { recallContext }] = await Promise.all([
    import('../../server/app.ts'),
    import('../../server/http/routes/route-context.ts'),
  ]);
  const app = await createAppWith(settings, { onWait });
  const { host, port } = settings;
  onNotices?.(takeNotices(recallContext(app.latchkey).latchkey));
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw toListenFailure(error, host, port);
  }
  return app;
}
