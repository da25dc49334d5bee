/** What an operator should know about this start. */
export interface Notice {
  /** `warning`: the operator should act. */
  readonly level: 'info' | 'warning';
  /** `issuer`: tokens issued before are refused. */
  readonly about?: 'issuer';
  /** One or more sentences. */
  readonly text: string;
}
