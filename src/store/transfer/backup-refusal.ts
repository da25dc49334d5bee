import { TransferRefused } from '../../kernel/errors.ts';

/** @throws {TransferRefused} that says what is wrong with a file */
export function refuseBackup(path: string, problem: string): never {
  throw new TransferRefused(`${path} ${problem}.`);
}

/** What to throw for a failed use of a file: what the operating system reports, in words, or the error itself. */
export function toBackupRefusal(error: unknown, path: string, done: 'read' | 'written'): unknown {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return error;
  return new TransferRefused(`${path} cannot be ${done} (${error.code}).`, { cause: error });
}
