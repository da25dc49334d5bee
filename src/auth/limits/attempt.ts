import { CredentialsRefused, FactorRefused } from '../../kernel/errors.ts';
import type { UserRecord } from '../model.ts';
import type { PlacesLeft } from '../ports/limits.ts';
import type { HashingTerms } from '../ports/password-hasher.ts';

/** What an attempt does with its places. */
export interface AttemptPlaces {
  /** What becomes of them when the attempt succeeds; undefined: it has none. */
  readonly onSuccess: PlacesLeft | undefined;
  /** Notes that the success was written. */
  forget(): void;
  /** Writes the success. */
  succeed(): Promise<void>;
  /** Notes whose account the attempt failed for. */
  fail(record: UserRecord | undefined): Promise<void>;
  /** Gives every place back. */
  withdraw(): Promise<void>;
  /** Notes that the outcome is known. */
  end(): void;
}

/**
 * An attempt to prove something that was admitted. It took its places beforehand, so it counts as a failure until it
 * turns out to be none.
 */
export class Attempt {
  /** Whether it comes from a device that has signed in to the account before. */
  readonly isKnownDevice: boolean;
  /** How many attempts in its bucket failed in a row before it. */
  readonly failuresBefore: number;
  readonly #places: AttemptPlaces;

  constructor(
    { isKnownDevice, failuresBefore }: Pick<Attempt, 'isKnownDevice' | 'failuresBefore'>,
    places: AttemptPlaces,
  ) {
    this.isKnownDevice = isKnownDevice;
    this.failuresBefore = failuresBefore;
    this.#places = places;
  }

  /** For the hasher. */
  get terms(): HashingTerms {
    return { isStranger: !this.isKnownDevice };
  }

  /** For the verb that writes what the attempt leads to. Call {@link succeeded} afterwards. */
  get places(): { readonly places?: PlacesLeft } {
    const { onSuccess } = this.#places;
    return onSuccess === undefined ? {} : { places: onSuccess };
  }

  /** Notes that a verb has written the success. */
  succeeded(): void {
    this.#places.forget();
  }

  /** Writes the success of an attempt whose result is written without {@link places}. */
  succeed(): Promise<void> {
    return this.#places.succeed();
  }

  /** Notes that the password was wrong. @param record the user that was meant; undefined: there is none */
  fail(record: UserRecord | undefined): Promise<void> {
    return this.#places.fail(record);
  }

  /**
   * Does the work of the attempt. If it fails for any reason but a wrong password or code, such as an overloaded server, it
   * does not count.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // A database that is away keeps the place taken, and has kept the attempt from succeeding as well.
      const isFailure = error instanceof CredentialsRefused || error instanceof FactorRefused;
      if (!isFailure) await this.#places.withdraw().catch(() => {});
      throw error;
    } finally {
      this.#places.end();
    }
  }
}
