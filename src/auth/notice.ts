/** What an operator should know about a start, or about something that was done. */
export interface Notice {
  /** `warning`: the operator should act. */
  readonly level: 'info' | 'warning';
  /** `issuer`: tokens issued before are refused. */
  readonly about?: 'issuer';
  /** One or more sentences. */
  readonly text: string;
}
