/** Every failure that Latchkey can name, by family. Each class has its code, its HTTP status and its OAuth error. */

export * from './errors/availability-errors.ts';
export * from './errors/input-errors.ts';
export * from './errors/latchkey-error.ts';
export * from './errors/operator-errors.ts';
export * from './errors/sign-in-errors.ts';
export * from './errors/token-errors.ts';
