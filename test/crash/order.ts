/** The acts of a server, in order, that decide whether its answers are durable. */
export type Moment =
  /** A request arrived, and an answer went out: `GET /path`, `200`. */
  | { readonly what: 'request' | 'answer'; readonly text: string }
  /**
   * The database: the write lock was taken, something was written, all that was written reached the disk,
   * the lock was given back.
   */
  | { readonly what: 'locked' | 'written' | 'synced' | 'unlocked' };

export interface OrderReport {
  /** Requests that wrote and were answered with success, such as `POST /auth/logout`. */
  readonly durable: readonly string[];
  /** What is wrong with the others. */
  readonly faults: readonly string[];
}

/**
 * Judges a server that was asked one thing after another, each of which must be on the disk before its
 * answer goes out. A transaction that is open by then is a fault too: what reached the disk was then an
 * earlier one, put off.
 */
export function judgeOrder(moments: readonly Moment[]): OrderReport {
  const durable: string[] = [];
  const faults: string[] = [];
  let request = '';
  let [isLocked, hasWritten, isDirty] = [false, false, false];
  for (const moment of moments) {
    if (moment.what === 'request') {
      request = moment.text;
      hasWritten = false;
    } else if (moment.what === 'answer') {
      const answered = `${request} was answered ${moment.text}`;
      if (isDirty) faults.push(`${answered} before what it wrote was on the disk`);
      else if (isLocked) faults.push(`${answered} before it was committed`);
      else if (!hasWritten) faults.push(`${answered} and wrote nothing`);
      else durable.push(request);
    } else if (moment.what === 'written') {
      [hasWritten, isDirty] = [true, true];
    } else if (moment.what === 'synced') {
      isDirty = false;
    } else {
      isLocked = moment.what === 'locked';
    }
  }
  return { durable, faults };
}
