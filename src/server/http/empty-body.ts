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
 * Treats an empty body as none, whatever its content type: an HTML form without fields sends one, and so do clients
 * that set a content type on every request. Fastify would refuse the type.
 */
export function ignoreEmptyBodies(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    // The body of a request to an unknown address is not read, so its type does not matter.
    if (request.is404 || hasNoBody(request)) delete request.raw.headers['content-type'];
    done();
  });
}

/** The same in a scope of ours, also for a body whose length is known only at its end. */
export function refuseOtherBodies(scope: FastifyInstance): void {
  ignoreEmptyBodies(scope);
  scope.addHook('onRequest', (request, _reply, done) => {
    // Fastify refuses an invalid media type before any parser can see whether the body is empty.
    const type = request.headers['content-type'];
    if (type !== undefined && !MEDIA_TYPE.test(type)) delete request.raw.headers['content-type'];
    done();
  });
  scope.addContentTypeParser('*', async (request: FastifyRequest) => {
    if (!(await isEmpty(request))) throw unsupported(request);
  });
}

/** The headers of HTTP/1 say so. Those of HTTP/2 do not. */
function hasNoBody({ raw: { httpVersionMajor, headers } }: FastifyRequest): boolean {
  const length = headers['content-length'];
  return (
    httpVersionMajor === 1 &&
    headers['transfer-encoding'] === undefined &&
    (length === undefined || Number(length) === 0)
  );
}

/** Reads only as much as decides: the rest of a refused body is not read. */
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
