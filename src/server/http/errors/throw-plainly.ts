import { InvalidOption, InvalidSetting, StoreUnavailable } from '../../../kernel/errors.ts';

/**
 * Throws what stopped a start so that Node.js prints only its sentence. The stack has only frames of Latchkey and
 * Fastify, not the place where the host registered the plugin, and would hide what to do.
 */
export function throwPlainly(error: unknown): never {
  const isForPeople =
    error instanceof InvalidSetting ||
    error instanceof InvalidOption ||
    error instanceof StoreUnavailable;
  if (isForPeople) {
    error.stack = String(error);
    // Node.js prints enumerable members after the sentence.
    for (const name of Object.keys(error))
      Object.defineProperty(error, name, { enumerable: false });
  }
  throw error;
}
