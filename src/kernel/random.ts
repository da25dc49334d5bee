/** The source of randomness. */
export interface Random {
  /** Cryptographically strong bytes. */
  bytes(length: number): Uint8Array;
}
