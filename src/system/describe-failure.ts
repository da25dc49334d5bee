import { inspect } from 'node:util';
import { isLatchkeyError } from '../kernel/errors.ts';

/** A failure as the operator of the server reads it. Never sent to a client. */
export interface FailureReport {
  /** The name of the error's class. */
  readonly error: string;
  readonly message: string;
  /** What led to an error of Latchkey's own, whose message already says what to do. */
  readonly cause?: string;
  /** Where any other error was thrown, and each of its causes: it is a mistake in a program. */
  readonly stack?: string;
}

/** The length of a stack with a few causes. */
const LONGEST_TEXT = 8_000;
const MOST_CAUSES = 5;

/**
 * Describes an error by its name, its message and where it comes from, and by nothing else: other members of a
 * host's error may be anything, such as the headers of a request with a token in them.
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

/** What was thrown without being an error has no stack. Its members are named, and only its message is quoted. */
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
  while (next instanceof Error && stacks.length <= MOST_CAUSES) {
    stacks.push(next.stack ?? toLine(next));
    if (next instanceof AggregateError)
      stacks.push(...next.errors.slice(0, MOST_CAUSES).map(toLine));
    next = next.cause;
  }
  if (next !== undefined && !(next instanceof Error)) stacks.push(toLine(next));
  return stacks.join('\nCaused by: ');
}

/**
 * Tokens, clients' keys and password hashes. The attack: a host's hook puts what it was given into its error, and
 * a reader of the log signs in with it.
 */
const SECRETS = /\beyJ[\w-]*\.[\w-]+\.[\w-]*|\blkg_\w+|\$(?:argon2\w*|2[aby])\$[^\s"']+/g;

function redact(text: string): string {
  const whole = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)} …` : text;
  return whole.replace(SECRETS, '[removed]');
}
