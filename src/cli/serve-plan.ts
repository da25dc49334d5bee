import type { StandaloneApp } from '../server/app.ts';
import type { LatchkeyOptions } from '../system/options.ts';
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

/**
 * Opens everything and listens.
 * @throws {CommandFailed} where it cannot listen, with the fix
 * @throws {InvalidSetting}
 * @throws {StoreUnavailable}
 */
export async function startServing({ options, host, port }: ServePlan): Promise<StandaloneApp> {
  const { createApp } = await import('../server/app.ts');
  const app = await createApp(options);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw toListenFailure(error, host, port);
  }
  return app;
}
