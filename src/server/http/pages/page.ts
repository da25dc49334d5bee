import { createCspHash } from '../../../kernel/encoding/csp-hash.ts';
import { Html, html } from '../../../kernel/encoding/html.ts';

/** Readable in light and dark, on a phone and without the style. */
const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0; padding: 24px }
main { max-width: 400px; margin: 0 auto }
h1 { font-size: 22px }
label { display: block; margin: 16px 0; font-weight: 600 }
input { display: block; box-sizing: border-box; width: 100%; margin-top: 4px; padding: 10px; font: inherit }
button { padding: 10px 20px; border: 0; border-radius: 6px; background: #1d4ed8; color: #fff; font: inherit; font-weight: 600; cursor: pointer }
[role=alert] { padding: 8px 12px; border-left: 4px solid #dc2626 }
`;

/**
 * Headers of our pages. They run no script, load nothing, send forms only to this server, and no other page can frame
 * them. The address is not passed on, as it may have a token.
 */
export const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src ${createCspHash(STYLE)}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'content-type': 'text/html; charset=utf-8',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** One page. */
export interface Page {
  readonly appName: string;
  readonly title: string;
  readonly body: Html;
  /** What went wrong with the form that was sent. Default: nothing. */
  readonly problems?: readonly string[];
}

/** Writes a whole page. */
export function renderPage({ appName, title, body, problems = [] }: Page): string {
  const alert =
    problems.length === 0
      ? null
      : html`<div role="alert">${problems.map((it) => html`<p>${it}</p>`)}</div>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} – ${appName}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<p>${appName}</p>
<h1>${title}</h1>
${alert}
${body}
</main>
</body>
</html>
`.text;
}
