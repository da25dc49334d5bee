import { toAsciiLowerCase } from '../encoding/header-text.ts';
import { parseJson } from '../encoding/json.ts';
import { isLoopback } from '../encoding/loopback.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { explainConnection } from './explain-connection.ts';
import { showUrl } from './show-url.ts';

/** The part of the web's `fetch` that is used here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** @see fetchDocument */
export interface FetchOptions {
  readonly fetch: Fetch;
  /** How long the whole response may take. */
  readonly timeoutMs: number;
  /** Whether http to other machines is allowed. */
  readonly allowHttp: boolean;
  /** Ends the request early. */
  readonly signal: AbortSignal;
}

/** What to send, if it is more than a GET. */
export interface DocumentRequest {
  readonly method?: 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams;
}

/** A JSON document, and for how long it may be kept. */
export interface FetchedDocument {
  readonly value: unknown;
  /** Seconds; undefined if the response does not say. */
  readonly maxAge: number | undefined;
}

/** Why a document could not be fetched. The message is a sentence for the person who runs the guard. */
export class FetchFailed extends Error {
  /** The status of the response, if one came. */
  readonly status: number | undefined;
  /** Whether waiting will not help, because the options of the guard or the issuer must be corrected. */
  readonly isSetUpWrong: boolean;
  constructor(
    message: string,
    options: { status?: number; isSetUpWrong?: boolean; cause?: unknown } = {},
  ) {
    const { status, isSetUpWrong = false, cause } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'FetchFailed';
    this.status = status;
    this.isSetUpWrong = isSetUpWrong;
  }
}

/** Creates a failure that repeats until the operator corrects the guard or the issuer. */
export function wrongSetUp(message: string): FetchFailed {
  return new FetchFailed(message, { isSetUpWrong: true });
}

/** Key sets and metadata have a few thousand. */
const MAX_BYTES = 256 * 1024;

/**
 * Fetches a JSON document from the issuer. It is limited in size and time, must be strict JSON, and must come with status
 * 200. Redirects are not followed, as only the configured address is trusted.
 * @throws {FetchFailed}
 */
export async function fetchDocument(
  url: string,
  options: FetchOptions,
  request: DocumentRequest = {},
): Promise<FetchedDocument> {
  assertFetchable(url, options.allowHttp);
  const timeout = AbortSignal.timeout(options.timeoutMs);
  try {
    const response = await options.fetch(url, {
      ...request,
      headers: { accept: 'application/json', ...request.headers },
      redirect: 'manual',
      credentials: 'omit',
      signal: AbortSignal.any([timeout, options.signal]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw refuseStatus(url, response);
    }
    const text = decodeUtf8(await readBody(url, response));
    return { value: parseDocument(url, text), maxAge: readMaxAge(response.headers) };
  } catch (error) {
    if (error instanceof FetchFailed) throw error;
    if (timeout.aborted) {
      throw new FetchFailed(`${showUrl(url)} did not answer within ${options.timeoutMs / 1000} s.`);
    }
    throw unreachable(url, error);
  }
}

/** @param error what `fetch`, or reading the response, threw */
export function unreachable(url: string, error: unknown): FetchFailed {
  const { hint, isSetUpWrong } = explainConnection(url, error);
  const message = `${showUrl(url)} cannot be reached: ${findReason(error)}.${hint}`;
  return new FetchFailed(message, { isSetUpWrong, cause: error });
}

/**
 * Asserts that the response cannot be replaced on the way: the address has https, or http to this machine.
 * @throws {FetchFailed}
 */
export function assertFetchable(address: string, allowHttp: boolean): void {
  const url = URL.parse(address);
  // Not quoted, as a value that was given by mistake may be secret.
  if (url === null) throw wrongSetUp('This is not an address.');
  if (url.username !== '' || url.password !== '') {
    throw wrongSetUp(`${showUrl(address)} must not be given with a user or a password.`);
  }
  if (url.protocol === 'https:') return;
  if (url.protocol === 'http:' && (allowHttp || isLoopback(url.hostname))) return;
  throw wrongSetUp(
    `${showUrl(address)} is not https, so an attacker on the way could replace the keys. Use https, or set allowHttp ` +
      'if you trust the whole network.',
  );
}

function refuseStatus(url: string, response: Response): FetchFailed {
  const { status, type } = response;
  const shown = showUrl(url);
  // Browsers and Deno do not show the status of a redirect that they do not follow.
  if (type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    const target = URL.parse(response.headers.get('location') ?? '', url);
    const where = target === null ? '' : ` to ${showUrl(target.href)}`;
    return wrongSetUp(
      `${shown} redirects${where}, which is not followed. Configure the final address.`,
    );
  }
  // A server that is starting, stopping or overloaded answers 5xx, 408, 425 or 429.
  const isSetUpWrong = status < 500 && ![408, 425, 429].includes(status);
  const isPlain = status === 400 && url.startsWith('http:');
  const hint = isPlain ? ' If this server speaks https, write https://.' : '';
  return new FetchFailed(`${shown} answers with status ${status}.${hint}`, {
    status,
    isSetUpWrong,
  });
}

async function readBody(url: string, response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (length > MAX_BYTES)
      throw wrongSetUp(`${showUrl(url)} answers with more than ${MAX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseDocument(url: string, text: string | undefined): unknown {
  try {
    if (text !== undefined) return parseJson(text);
  } catch {
    // The error below says it.
  }
  throw wrongSetUp(`${showUrl(url)} does not answer with strict JSON.`);
}

/** @see RFC 9111 section 5.2.2 */
function readMaxAge(headers: Headers): number | undefined {
  const control = toAsciiLowerCase(headers.get('cache-control') ?? '');
  if (/(^|[ \t,])no-(store|cache)($|[ \t,=])/.test(control)) return 0;
  const seconds = /(?:^|[ \t,])max-age="?(\d{1,10})/.exec(control)?.[1];
  if (seconds === undefined) return undefined;
  // A cache on the way has kept the response for this long already.
  const age = /^\d{1,10}$/.exec(headers.get('age') ?? '')?.[0] ?? '0';
  return Math.max(0, Number(seconds) - Number(age));
}

/**
 * Returns the message of an error without a full stop, for use in a sentence. `fetch` puts the reason into the cause, and
 * attempts at several addresses into an AggregateError without a message of its own.
 */
export function findReason(error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed';
  const attempts: unknown[] = error instanceof AggregateError ? error.errors : [];
  const reasons = [error.cause, error, ...attempts].flatMap((it) =>
    it instanceof Error && it.message !== '' ? it.message : [],
  );
  return (reasons[0] ?? 'the request failed').replace(/[.\s]+$/, '');
}
