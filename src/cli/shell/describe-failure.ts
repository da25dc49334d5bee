import { InvalidInput, InvalidSetting, isLatchkeyError } from '../../kernel/errors.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailed, UsageError } from './failures.ts';

/** Describes an error without its stack, which does not help users and may contain secrets. */
export function describeFailure(error: unknown): { message: string; code: number } {
  const isUsersMistake =
    error instanceof UsageError || error instanceof InvalidSetting || error instanceof InvalidInput;
  return { message: toMessage(error), code: isUsersMistake ? exitCode.usage : exitCode.failure };
}

function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return 'An unknown error occurred.';
  return isForPeople(error) ? error.message : `${error.name}: ${error.message}`;
}

function isForPeople(error: Error): boolean {
  return isLatchkeyError(error) || error instanceof UsageError || error instanceof CommandFailed;
}
