/** What the operator should read about a start. */
export interface Notice {
  readonly level: 'info' | 'warning';
  /** `issuer`: tokens issued before are refused. */
  readonly about?: 'issuer';
  /** One or more sentences. */
  readonly text: string;
}
