import { toAsciiLowerCase } from '../encoding/header-text.ts';
import { parseJson } from '../encoding/json.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { suggestAddress } from './likely-mistakes.ts';

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
  readonly isSetUp: boolean;
  constructor(
    message: string,
    status?: number,
    { isSetUp = false, cause }: { isSetUp?: boolean; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'FetchFailed';
    this.status = status;
    this.isSetUp = isSetUp;
  }
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
      throw new FetchFailed(`${url} did not answer within ${options.timeout / 1000} s.`);
    }
    const message = `${url} cannot be reached: ${describe(error)}.${suggestAddress(url, error)}`;
    throw new FetchFailed(message, undefined, { cause: error });
  }
}

/**
 * Asserts that nobody on the way can swap the answer: https, or http that stays on this machine.
 * @throws {FetchFailed}
 */
export function assertFetchable(address: string, allowHttp: boolean): void {
  const url = URL.parse(address);
  if (url === null || url.username !== '' || url.password !== '') {
    throw new FetchFailed(
      `${JSON.stringify(address)} is not an address to ask for keys.`,
      undefined,
      { isSetUp: true },
    );
  }
  if (url.protocol === 'https:') return;
  if (url.protocol === 'http:' && (allowHttp || isLoopback(url.hostname))) return;
  throw new FetchFailed(
    `${address} is not https: whoever is on the way could hand out keys of their own. Use https, or ` +
      'set allowHttp where the network itself is trusted.',
    undefined,
    { isSetUp: true },
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function refuseStatus(url: string, { status, type }: Response): FetchFailed {
  // Browsers and Deno do not show the status of a redirect that they do not follow.
  if (type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    return new FetchFailed(
      `${url} redirects, which is not followed. Configure the final address.`,
      undefined,
      { isSetUp: true },
    );
  }
  // A server that is starting, stopping or overloaded answers 5xx, 408, 425 or 429.
  const isSetUp = status < 500 && ![408, 425, 429].includes(status);
  return new FetchFailed(`${url} answers with status ${status}.`, status, { isSetUp });
}

async function readBody(url: string, response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (length > MAX_BYTES)
      throw new FetchFailed(`${url} answers with more than ${MAX_BYTES} bytes.`);
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
  throw new FetchFailed(`${url} does not answer with strict JSON.`, undefined, { isSetUp: true });
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

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed';
  // fetch hides the reason in the cause.
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
