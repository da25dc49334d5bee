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

/** The hash made, or whether the password matches. */
export type HashAnswer = string | boolean;

/** Whether a message of a worker is an answer. */
export function isHashAnswer(value: unknown): value is HashAnswer {
  return typeof value === 'string' || typeof value === 'boolean';
}
