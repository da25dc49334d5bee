import { inspect } from 'node:util';
import { isLatchkeyError } from '../kernel/errors.ts';

/** A failure as the server's operator reads it. It is never sent to a client. */
export interface FailureReport {
  /** The name of the error's class. */
  readonly error: string;
  readonly message: string;
  /** The cause of an error of Latchkey, whose message already says what to do. */
  readonly cause?: string;
  /** The stacks of any other error and of its causes: it is a mistake in a program. */
  readonly stack?: string;
}

/** Enough for a stack with a few causes. */
const MAX_CHARACTERS = 8_000;
const MAX_CAUSES = 5;

/**
 * Describes an error only by its name, its message and its stack. Other members of a host's error may be anything,
 * such as the headers of a request with a token in them.
 */
export function describeFailure(error: unknown): FailureReport {
  if (isLatchkeyError(error)) {
    const { name, message, cause } = error;
    return {
      error: name,
      message: redact(message),
      ...(cause === undefined ? {} : { cause: redact(toLine(cause)) }),
    };
  }
  if (error instanceof Error) {
    return { error: error.name, message: redact(error.message), stack: redact(toStack(error)) };
  }
  return { error: typeof error, message: redact(describeThrown(error)) };
}

/** Describes a thrown value that is not an error: the names of its members, and only the value of `message`. */
function describeThrown(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return inspect(thrown);
  const { message } = thrown as { readonly message?: unknown };
  const members = `an object with ${Object.keys(thrown).join(', ') || 'no members'}`;
  return typeof message === 'string' ? `${message} (${members})` : members;
}

/** The report as lines for standard error. */
export function formatFailure({ error, message, cause, stack }: FailureReport): string {
  // A stack begins with the name and the message.
  if (stack !== undefined) return `\n${stack}`;
  return `${error}: ${message}${cause === undefined ? '' : `\nCaused by: ${cause}`}`;
}

function toLine(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}

function toStack(error: Error): string {
  const stacks: string[] = [];
  let next: unknown = error;
  while (next instanceof Error && stacks.length <= MAX_CAUSES) {
    stacks.push(next.stack ?? toLine(next));
    if (next instanceof AggregateError)
      stacks.push(...next.errors.slice(0, MAX_CAUSES).map(toLine));
    next = next.cause;
  }
  if (next !== undefined && !(next instanceof Error)) stacks.push(toLine(next));
  return stacks.join('\nCaused by: ');
}

/**
 * Tokens, clients' keys and password hashes. The attack: a host's hook puts its input into an error, and a reader of the
 * log signs in with it.
 */
const SECRETS = /\beyJ[\w-]*\.[\w-]+\.[\w-]*|\blkg_\w+|\$(?:argon2\w*|2[aby])\$[^\s"']+/g;

function redact(text: string): string {
  const whole = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)} …` : text;
  return whole.replace(SECRETS, '[removed]');
}
