/** A whole request as it goes over the wire; the body as JSON. ASCII only. */
export function createRequest(
  method: 'GET' | 'POST',
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: object,
): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  return createTextRequest(method, path, { 'content-type': 'application/json', ...headers }, text);
}

/** The same with a form. */
export function createFormRequest(path: string, form: Readonly<Record<string, string>>): string {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return createTextRequest('POST', path, headers, new URLSearchParams(form).toString());
}

function createTextRequest(
  method: 'GET' | 'POST',
  path: string,
  { 'content-type': type = '', ...headers }: Readonly<Record<string, string>>,
  text: string,
): string {
  const all = {
    host: '127.0.0.1',
    ...headers,
    ...(text === '' ? {} : { 'content-type': type, 'content-length': String(text.length) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}
