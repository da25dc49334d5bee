import type { Exchange, Reply } from './exchange.ts';

/** The exchanges as a table in Markdown. */
export function toTable(exchanges: readonly Exchange[]): string {
  const rows = exchanges.map((exchange) => {
    const { original, ours, why } = exchange;
    const known = original === undefined ? '–' : describe(original);
    const cells = [describeRequest(exchange), known];
    const same = ours === undefined ? 'the same' : describe(ours);
    return `| ${[...cells, same, why ?? ''].map(toCell).join(' | ')} |`;
  });
  return ['| sent | the original | Latchkey | why |', '|---|---|---|---|', ...rows].join('\n');
}

function describeRequest({ route, about, send = {} }: Exchange): string {
  const { form, json, token, cookies, headers } = send;
  const parts = [`\`${route}\``];
  if (about !== undefined) parts.push(about);
  if (form !== undefined) {
    parts.push(`form \`${decodeURIComponent(String(new URLSearchParams(form)))}\``);
  }
  if (json !== undefined) parts.push(`JSON \`${JSON.stringify(json)}\``);
  if (token !== undefined) parts.push(`\`Authorization: Bearer ${shorten(token)}\``);
  if (cookies !== undefined) parts.push(`cookies \`${Object.keys(cookies).join('`, `')}\``);
  for (const [name, value] of Object.entries(headers ?? {})) parts.push(`\`${name}: ${value}\``);
  return parts.join('<br>');
}

const shorten = (token: string) => (token.length > 24 ? `${token.slice(0, 20)}…` : token);

function describe({ status, body, detail, code, sets, clears }: Reply): string {
  const parts = status === undefined ? [] : [String(status)];
  if (body !== undefined) parts.push(`\`${JSON.stringify(body)}\``);
  if (code !== undefined) parts.push(`\`${code}\``);
  if (detail !== undefined && detail !== '<sentence>') parts.push(`“${detail}”`);
  const lines = [parts.join(' ')];
  if (sets !== undefined) lines.push(`sets \`${sets.join('`, `')}\``);
  if (clears !== undefined) lines.push(`clears \`${clears.join('`, `')}\``);
  return lines.join('<br>');
}

const toCell = (cell: string) => cell.replaceAll('|', '\\|');
