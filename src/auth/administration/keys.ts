import { ALGORITHMS, type Algorithm, isAlgorithm } from '../../jwt/algorithms.ts';
import { RecordNotFound } from '../../kernel/errors.ts';
import type { AuthContext } from '../context.ts';
import { InputReader } from '../input.ts';
import type { KeyRotationService } from '../keys/key-rotation-service.ts';
import { findKeyStatus, type KeyStatus } from '../keys/key-status.ts';
import type { StoredKey } from '../keys/stored-key.ts';
import { cutListed, parseListedPage } from '../page.ts';
import type { Administrator } from './administrator.ts';

/** A signing key with its status. Its private part is sealed. */
export interface KeyWithStatus {
  readonly key: StoredKey;
  readonly status: KeyStatus;
}

/** A page of keys. */
export interface KeyPage {
  readonly keys: readonly KeyWithStatus[];
  readonly nextCursor: string | null;
}

/** What administrators do with signing keys. */
export class KeyAdministration {
  readonly #context: AuthContext;
  readonly #rotation: KeyRotationService;

  constructor(context: AuthContext, rotation: KeyRotationService) {
    this.#context = context;
    this.#rotation = rotation;
  }

  /** Lists the stored keys. @throws {InvalidInput} */
  async list(page: unknown): Promise<KeyPage> {
    const parsed = parseListedPage(page);
    const keys = await this.#rotation.list();
    const now = this.#context.clock.now();
    const withStatus = keys.map((key) => ({ key, status: findKeyStatus(key, keys, now) }));
    const { rows, nextCursor } = cutListed(withStatus, parsed, ({ key }) => key.kid);
    return { keys: rows, nextCursor };
  }

  /**
   * Publishes a new key, from `{algorithm?, now?}`: `now` lets it sign in a second.
   * @returns the key that signs next
   * @throws {InvalidInput}
   * @throws {RecordNotFound} when the host gave the key, so that none is stored
   */
  async rotate(input: unknown, { caller }: Administrator): Promise<KeyWithStatus> {
    const { settings } = this.#context;
    const reader = new InputReader(input ?? {});
    const algorithm = reader.optionalString('algorithm', { max: 16 }) ?? settings.algorithm;
    if (!isAlgorithm(algorithm)) {
      reader.problem(
        'algorithm',
        `"algorithm" must be one of ${Object.keys(ALGORITHMS).join(', ')}.`,
      );
    }
    const isUrgent = reader.raw('now') ?? false;
    if (typeof isUrgent !== 'boolean') reader.problem('now', '"now" must be true or false.');
    reader.finish();
    if (settings.signingKey !== undefined) {
      throw new RecordNotFound(
        'This server signs with a key that its host gave. Replace it there.',
      );
    }
    const terms = { algorithm: algorithm as Algorithm, isUrgent: isUrgent === true };
    return { key: await this.#rotation.rotate(terms, caller), status: 'next' };
  }

  /** Refuses all tokens of a key. @throws {RecordNotFound} */
  revoke(kid: string, { caller }: Administrator): Promise<void> {
    return this.#rotation.revoke(kid, caller);
  }
}
