import { InvalidInput, InvalidSetting, isLatchkeyError } from '../../kernel/errors.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailed, UsageError } from './failures.ts';

/** What went wrong, without a stack: that tells people nothing, and may hold what is secret. */
export function describeFailure(error: unknown): { message: string; code: number } {
  const isTheirs =
    error instanceof UsageError || error instanceof InvalidSetting || error instanceof InvalidInput;
  return { message: toMessage(error), code: isTheirs ? exitCode.usage : exitCode.failure };
}

function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return 'Something failed that says nothing of itself.';
  return isForPeople(error) ? error.message : `${error.name}: ${error.message}`;
}

function isForPeople(error: Error): boolean {
  return isLatchkeyError(error) || error instanceof UsageError || error instanceof CommandFailed;
}
