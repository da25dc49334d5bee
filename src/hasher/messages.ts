/** What the event loop asks of a hashing worker. A worker has one request at a time. */
export type HashRequest =
  | {
      readonly kind: 'hash';
      readonly password: string;
      /** 16 bytes; undefined: the argon2 library takes them from the operating system. */
      readonly salt: Uint8Array | undefined;
    }
  | {
      readonly kind: 'verify';
      readonly engine: 'argon2' | 'bcrypt';
      readonly hash: string;
      readonly password: string;
    };

/** What a worker computed. */
export interface HashAnswer {
  /** The hash made, or whether the password matches. */
  readonly result: string | boolean;
  /** How long it took, in ms, without the wait for a worker. */
  readonly tookMs: number;
}

/** Whether a message of a worker is an answer. */
export function isHashAnswer(value: unknown): value is HashAnswer {
  const { result, tookMs } = Object(value) as Partial<HashAnswer>;
  return (typeof result === 'string' || typeof result === 'boolean') && typeof tookMs === 'number';
}
