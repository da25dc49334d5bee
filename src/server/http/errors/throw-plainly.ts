import { InvalidOption, InvalidSetting, StoreUnavailable } from '../../../kernel/errors.ts';

/**
 * Throws what stopped a start so that Node.js prints its sentence alone. Its stack has frames of Latchkey
 * and Fastify alone, nowhere where the host registered the plugin, and would bury what to do.
 */
export function throwPlainly(error: unknown): never {
  const isForPeople =
    error instanceof InvalidSetting ||
    error instanceof InvalidOption ||
    error instanceof StoreUnavailable;
  if (isForPeople) {
    error.stack = String(error);
    // Node.js prints the members that can be listed after the sentence.
    for (const name of Object.keys(error))
      Object.defineProperty(error, name, { enumerable: false });
  }
  throw error;
}
