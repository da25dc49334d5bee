import { LatchkeyError } from '../../../kernel/errors.ts';

/** A request that is wrong as HTTP, before it means anything to the domain. */
export class RequestRefused extends LatchkeyError {
  readonly code: string;
  readonly #status: number;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.#status = status;
    this.code = code;
  }
  override get status(): number {
    return this.#status;
  }
}
