/** The one source of time for whatever judges tokens. Milliseconds since the epoch. */
export interface Clock {
  now(): number;
}
