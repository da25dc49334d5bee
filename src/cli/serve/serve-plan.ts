import type { Notice } from '../../auth/notice.ts';
import type { StandaloneApp } from '../../server/app.ts';
import { takeNotices } from '../../system/notices.ts';
import type { LatchkeyOptions } from '../../system/options.ts';
import { toListenFailure } from './find-port.ts';

/** Everything a process needs to serve. Plain data, so that it can be sent to a worker. */
export interface ServePlan {
  /** Complete: nothing is read from the environment or a file. */
  readonly options: LatchkeyOptions;
  readonly host: string;
  readonly port: number;
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
  { options, host, port }: ServePlan,
  { onWait, onNotices }: ServeReporting,
): Promise<StandaloneApp> {
  const { createApp } = await import('../../server/app.ts');
  const app = await createApp({ ...options, onWait });
  onNotices?.(takeNotices(app.latchkey));
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw toListenFailure(error, host, port);
  }
  return app;
}
