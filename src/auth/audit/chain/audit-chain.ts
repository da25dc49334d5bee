import type { AuthContext } from '../../context.ts';
import { EventSealer } from './event-sealer.ts';
import type { ChainReport, VerifyOptions } from './verify/report.ts';

/** The chain of audit events: what seals it, and what verifies it. */
export class AuditChain {
  readonly sealer: EventSealer;
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
    this.sealer = new EventSealer(context);
  }

  /**
   * Reads the whole chain and finds what was changed without the secret.
   * @throws {StoreUnavailable}
   */
  async verify(options: VerifyOptions = {}): Promise<ChainReport> {
    const { verifyChain } = await import('./verify/verify-chain.ts');
    return verifyChain(this.#context, options);
  }
}
