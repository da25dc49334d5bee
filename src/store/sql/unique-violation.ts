/** A value that must be unique already exists. */
export class UniqueViolation extends Error {
  readonly constraint: string;
  constructor(constraint: string) {
    super(`The store could not do this: the value is already in use (${constraint}).`);
    this.constraint = constraint;
  }
}
