import type { Notice } from '../../auth/ports/store.ts';
import type { StandaloneApp } from '../../server/app.ts';
import { takeNotices } from '../../system/notices.ts';
import type { LatchkeyOptions } from '../../system/options.ts';
import { toListenFailure } from './find-port.ts';

/** Everything a process needs to know to serve. Plain data, so that it can be sent to another one. */
export interface ServePlan {
  /** Complete: nothing more is read from anywhere. */
  readonly options: LatchkeyOptions;
  readonly host: string;
  readonly port: number;
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
  { options, host, port }: ServePlan,
  { onWait, onNotices }: ServeReporting,
): Promise<StandaloneApp> {
  const [{ createApp }, { recallContext }] = await Promise.all([
    import('../../server/app.ts'),
    import('../../server/http/routes/route-context.ts'),
  ]);
  const app = await createApp({ ...options, onWait });
  onNotices?.(takeNotices(recallContext(app.latchkey).latchkey));
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw toListenFailure(error, host, port);
  }
  return app;
}
