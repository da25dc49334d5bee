import { StoreUnavailable } from '../../kernel/errors.ts';

/** The failure of a verb as data that can be sent between threads. */
export type Failure =
  | { readonly kind: 'unavailable'; readonly message: string; readonly retryAfter: number }
  | { readonly kind: 'defect'; readonly message: string };

/** SQLite's primary result codes for troubles that pass or that an operator can end. @see https://sqlite.org/rescode.html */
const CONDITIONS: Readonly<Record<number, readonly [problem: string, retryAfterSeconds: number]>> =
  {
    5: ['Another process kept the database locked for too long. Try again.', 1],
    6: ['Another process kept the database locked for too long. Try again.', 1],
    7: ['The database ran out of memory. Give the process more, or reduce its load.', 5],
    8: ["The database cannot be written. Check its file's permissions and its file system.", 10],
    9: ['The database was interrupted. Try again.', 1],
    10: ['The disk under the database reported an error. Check the disk and the system log.', 10],
    11: ['The database file is damaged. Restore it from a backup.', 60],
    13: ['The disk under the database is full. Free some space; nothing needs a restart.', 10],
    14: [
      'The database file cannot be opened. Check that its folder exists and can be written.',
      10,
    ],
    15: ['Another process kept the database locked for too long. Try again.', 1],
    26: [
      'The file is not a Latchkey database: it is not an SQLite file at all, or it is encrypted or damaged. Name another file, or restore a backup.',
      60,
    ],
  };

function conditionOf(
  error: unknown,
): readonly [problem: string, retryAfterSeconds: number] | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  // The low byte is the primary code. The rest tells its variants apart.
  return typeof error.errcode === 'number' ? CONDITIONS[error.errcode & 0xff] : undefined;
}

/** Whether the database itself has trouble, and not this statement alone. */
export function isDatabaseTrouble(error: unknown): boolean {
  return conditionOf(error) !== undefined;
}

export function toFailure(error: unknown): Failure {
  if (error instanceof StoreUnavailable) {
    return { kind: 'unavailable', message: error.message, retryAfter: error.retryAfter };
  }
  const condition = conditionOf(error);
  if (condition !== undefined) {
    const [message, retryAfter] = condition;
    return { kind: 'unavailable', message, retryAfter };
  }
  return { kind: 'defect', message: error instanceof Error ? error.message : String(error) };
}

export function toError(failure: Failure): Error {
  return failure.kind === 'unavailable'
    ? new StoreUnavailable(failure.message, { retryAfter: failure.retryAfter })
    : new Error(`The store could not do this: ${failure.message}`);
}
