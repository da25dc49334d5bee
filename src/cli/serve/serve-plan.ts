import type { Notice } from '../../auth/ports/store.ts';
import type { Settings } from '../../config/settings.ts';
import type { StandaloneApp } from '../../server/app.ts';
import { takeNotices } from '../../system/notices.ts';
import { toListenFailure } from './find-port.ts';

/** Everything a process needs to know to serve. Plain data and a set, so that it can be sent to another one. */
export interface ServePlan {
  /** As they were read: no process reads them again. */
  readonly settings: Settings;
  /** ms to go on serving once told to stop, while `/readyz` says otherwise. */
  readonly drain: number;
}

export interface ServeReporting {
  /** Told what the start waits for. */
  readonly onWait: (text: string) => void;
  /** Told of the notices about the start. Default: the app's logger has them. */
  readonly onNotices?: (notices: readonly Notice[]) => void;
}

/**
 * Opens everything and listens.
 * @throws {CommandFailed} where it cannot listen, with the fix
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
