import { toAsciiLowerCase } from '../encoding/header-text.ts';
import { parseJson } from '../encoding/json.ts';
import { isLoopback } from '../encoding/loopback.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { explainConnection } from './explain-connection.ts';
import { showUrl } from './show-url.ts';

/** The `fetch` of the web, as far as it is needed here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface FetchOptions {
  readonly fetch: Fetch;
  /** ms for the whole answer. */
  readonly timeout: number;
  /** Whether http to other machines is allowed. */
  readonly allowHttp: boolean;
  /** Ends the request early. */
  readonly signal: AbortSignal;
}

/** What is sent where it is more than a GET. */
export interface DocumentRequest {
  readonly method?: 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams;
}

/** A JSON document, and for how long it says it may be kept. */
export interface FetchedDocument {
  readonly value: unknown;
  /** Seconds; undefined where the answer does not say. */
  readonly maxAge: number | undefined;
}

/** Why a document could not be fetched. The message is a sentence for the person who runs the guard. */
export class FetchFailed extends Error {
  /** Of the answer, where one came. */
  readonly status: number | undefined;
  /** Whether time alone will not help: somebody must change the options of the guard, or the issuer. */
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

/** A failure that the same request will meet again until somebody changes something. */
export function wrongSetUp(message: string): FetchFailed {
  return new FetchFailed(message, { isSetUpWrong: true });
}

/** Bytes. Key sets and metadata have a few thousand. */
const MAX_BYTES = 256 * 1024;

/**
 * Gets a JSON document from the issuer: bounded in size and time, strict JSON, status 200, and no
 * redirects, for the address that was configured is the one that is trusted.
 * @throws {FetchFailed}
 */
export async function fetchDocument(
  url: string,
  options: FetchOptions,
  request: DocumentRequest = {},
): Promise<FetchedDocument> {
  assertFetchable(url, options.allowHttp);
  const timeout = AbortSignal.timeout(options.timeout);
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
      throw new FetchFailed(`${showUrl(url)} did not answer within ${options.timeout / 1000} s.`);
    }
    throw unreachable(url, error);
  }
}

/** @param error what `fetch` threw, or reading the answer */
export function unreachable(url: string, error: unknown): FetchFailed {
  const { hint, isSetUpWrong } = explainConnection(url, error);
  const message = `${showUrl(url)} cannot be reached: ${findReason(error)}.${hint}`;
  return new FetchFailed(message, { isSetUpWrong, cause: error });
}

/**
 * Asserts that nobody on the way can swap the answer: https, or http that stays on this machine.
 * @throws {FetchFailed}
 */
export function assertFetchable(address: string, allowHttp: boolean): void {
  const url = URL.parse(address);
  // Not quoted: what is given by mistake may be secret.
  if (url === null) throw wrongSetUp('This is not an address.');
  if (url.username !== '' || url.password !== '') {
    throw wrongSetUp(`${showUrl(address)} must not be given with a user or a password.`);
  }
  if (url.protocol === 'https:') return;
  if (url.protocol === 'http:' && (allowHttp || isLoopback(url.hostname))) return;
  throw wrongSetUp(
    `${showUrl(address)} is not https, so anybody on the way could hand out keys of their own. Use https, or ` +
      'set allowHttp where the network itself is trusted.',
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
    // Said below.
  }
  throw wrongSetUp(`${showUrl(url)} does not answer with strict JSON.`);
}

/** @see RFC 9111 section 5.2.2 */
function readMaxAge(headers: Headers): number | undefined {
  const control = toAsciiLowerCase(headers.get('cache-control') ?? '');
  if (/(^|[ \t,])no-(store|cache)($|[ \t,=])/.test(control)) return 0;
  const seconds = /(?:^|[ \t,])max-age="?(\d{1,10})/.exec(control)?.[1];
  if (seconds === undefined) return undefined;
  // What a cache on the way has used up of it.
  const age = /^\d{1,10}$/.exec(headers.get('age') ?? '')?.[0] ?? '0';
  return Math.max(0, Number(seconds) - Number(age));
}

/**
 * The message of an error without a full stop, as part of a sentence. `fetch` puts the reason into the cause, and
 * attempts at several addresses are errors of an AggregateError that has no message of its own.
 */
export function findReason(error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed';
  const attempts: unknown[] = error instanceof AggregateError ? error.errors : [];
  const reasons = [error.cause, error, ...attempts].flatMap((it) =>
    it instanceof Error && it.message !== '' ? it.message : [],
  );
  return (reasons[0] ?? 'the request failed').replace(/[.\s]+$/, '');
}
