import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FORM } from './body.ts';
import { RequestRefused } from './errors/request-refused.ts';

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[ \t]*(;|$)/;
/**
 * A multipart form without fields consists of its closing delimiter. Some clients put line breaks around it.
 * @see RFC 2046 section 5.1.1
 */
const NO_PARTS = /^(\r\n)?--[^\r\n]{1,70}--[ \t]*(\r\n)*$/;
const NO_PARTS_MAX_BYTES = 128;

/**
 * An empty body is no body, whatever type it says it has: an HTML form without fields, and clients that set a
 * content type on every request, send one. Fastify would refuse the type.
 */
export function ignoreEmptyBodies(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    // The body of a request to nowhere is not read, so its type does not matter either.
    if (request.is404 || hasNoBody(request)) delete request.raw.headers['content-type'];
    done();
  });
}

/** The same in a scope of ours, for a body whose length is known only once it has come. */
export function refuseOtherBodies(scope: FastifyInstance): void {
  ignoreEmptyBodies(scope);
  scope.addHook('onRequest', (request, _reply, done) => {
    // Fastify refuses what is not a media type before any parser could look whether the body is empty.
    const type = request.headers['content-type'];
    if (type !== undefined && !MEDIA_TYPE.test(type)) delete request.raw.headers['content-type'];
    done();
  });
  scope.addContentTypeParser('*', async (request: FastifyRequest) => {
    if (!(await isEmpty(request))) throw unsupported(request);
  });
}

/** HTTP/1 says so in the headers; HTTP/2 does not. */
function hasNoBody({ raw: { httpVersionMajor, headers } }: FastifyRequest): boolean {
  const length = headers['content-length'];
  return (
    httpVersionMajor === 1 &&
    headers['transfer-encoding'] === undefined &&
    (length === undefined || Number(length) === 0)
  );
}

/** Reads no further than it must: the rest of a body that is refused is not worth its bytes. */
function isEmpty({ raw }: FastifyRequest): Promise<boolean> {
  const isMultipart = raw.headers['content-type']?.toLowerCase().startsWith('multipart/') === true;
  let text = '';
  return new Promise((resolve, reject) => {
    const finish = (verdict: boolean) => {
      raw.off('data', onData).off('end', onEnd).off('error', onError);
      resolve(verdict);
    };
    const onError = () =>
      reject(new RequestRefused(400, 'invalid_content_length', 'The body broke off.'));
    const onEnd = () => finish(text === '' || NO_PARTS.test(text));
    const onData = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text !== '' && (!isMultipart || text.length > NO_PARTS_MAX_BYTES)) finish(false);
    };
    raw.on('data', onData).on('end', onEnd).on('error', onError);
  });
}

function unsupported(request: FastifyRequest): RequestRefused {
  const consumes = (request.routeOptions.schema as { consumes?: readonly string[] } | undefined)
    ?.consumes;
  const json = 'JSON with "Content-Type: application/json"';
  const form = `a form with "Content-Type: ${FORM}"`;
  const takesForm = consumes?.includes(FORM) === true;
  const takesJson = !takesForm || consumes?.includes('application/json') === true;
  const detail = [takesJson ? json : '', takesForm ? form : ''].filter(Boolean).join(', or ');
  return new RequestRefused(415, 'unsupported_media_type', `Send ${detail}.`);
}
