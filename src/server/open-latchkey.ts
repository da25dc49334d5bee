import type { Notice } from '../auth/notice.ts';
import { type OpenTerms, openLatchkey as open } from '../system/latchkey.ts';
import type { LatchkeyOptions } from '../system/options.ts';
import { createHostApi, type LatchkeyApi } from './host-api.ts';

/** Latchkey without HTTP, opened. */
export interface OpenedLatchkey extends LatchkeyApi {
  /** What the operator should read about this start, such as that an empty database was created. */
  readonly notices: readonly Notice[];
  /**
   * Finishes what has begun and closes the database, which takes a few seconds if the database does not answer: what is
   * under way then fails. May be called twice.
   */
  close(): Promise<void>;
}

/**
 * Opens Latchkey without HTTP, for scripts and jobs: reads the settings, opens the database and brings its schema up to
 * date, and loads or creates secret and keys. Until `close`, it follows revocations and does the background jobs of a
 * node.
 *
 * ```ts
 * const latchkey = await openLatchkey();
 * await latchkey.users.setRoles(id, ['editor']);
 * await latchkey.close();
 * ```
 * @throws {InvalidOption} for an unknown option, an undefined value, or one of the wrong kind
 * @throws {InvalidSetting} naming the setting, what is wrong with it, and the fix
 * @throws {StoreUnavailable} if the database cannot be opened, or the start waits longer than `startTimeout`
 */
export async function openLatchkey(
  options: LatchkeyOptions = {},
  terms: OpenTerms = {},
): Promise<OpenedLatchkey> {
  const opened = await open(options, terms);
  const { notices, close } = opened;
  return Object.freeze({ ...createHostApi(opened), notices, close });
}
