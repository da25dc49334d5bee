/** A value that must be unique is there already. */
export class UniqueViolation extends Error {
  readonly constraint: string;
  constructor(constraint: string) {
    super(`The store could not do this: the value is in use already (${constraint}).`);
    this.constraint = constraint;
  }
}
