import { Html, html } from '../../kernel/encoding/html.ts';
import type { MailContent } from './message.ts';
import type { MailBlock, MailTexts } from './texts/mail-texts.ts';

/** What replaces the names in braces, and what the link and the code are. */
export interface MailValues {
  readonly language: string;
  readonly names: Readonly<Record<string, string>>;
  readonly link: string | null;
  readonly code: string | null;
}

/**
 * Writes the parts of a mail. They have no picture, no script and nothing remote, so that reading a mail does not reveal that
 * it was read, and both are readable on a dark background.
 */
export function renderMail(texts: MailTexts, values: MailValues): MailContent {
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => values.names[name] ?? '');
  const title = fill(texts.title);
  const blocks = texts.blocks.map((block) => (typeof block === 'string' ? fill(block) : block));
  const footer = fill(texts.footer);
  return {
    subject: fill(texts.subject),
    text: `${[title, ...blocks.map((it) => toText(it, values)), '-- ', footer].join('\n\n')}\n`,
    html: renderDocument(
      title,
      [...blocks.map((it) => toHtml(it, values)), toFooter(footer)],
      values,
    ).text,
  };
}

function toText(block: MailBlock, { link, code }: MailValues): string {
  if (typeof block === 'string') return block;
  return ('button' in block ? link : code) ?? '';
}

function toHtml(block: MailBlock, { link, code }: MailValues): Html {
  if (typeof block === 'string') return html`<p style="margin:0 0 16px">${block}</p>`;
  if ('code' in block) {
    return html`<p style="${CODE_STYLE}">${code}</p>`;
  }
  // The address stands below the button as well: some programs for mail show no buttons.
  return html`<p style="margin:0 0 8px"><a href="${link}" style="${BUTTON_STYLE}">${block.button}</a></p>
<p style="margin:0 0 16px;font-size:13px;word-break:break-all"><a href="${link}">${link}</a></p>`;
}

const CODE_STYLE =
  'margin:0 0 16px;font:600 24px/1.4 ui-monospace,Consolas,monospace;letter-spacing:2px';
const BUTTON_STYLE =
  'display:inline-block;padding:12px 20px;border-radius:6px;background:#1d4ed8;color:#ffffff;font-weight:600;text-decoration:none';

function toFooter(text: string): Html {
  return html`<p style="margin:24px 0 0;font-size:13px;opacity:.75">${text}</p>`;
}

/** No colours of text and background: the reader's program chooses those of its theme. */
function renderDocument(title: string, blocks: readonly Html[], { language }: MailValues): Html {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${title}</title>
</head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif">
<div style="max-width:520px;margin:0 auto">
<h1 style="margin:0 0 16px;font-size:22px">${title}</h1>
${new Html(blocks.map((it) => it.text).join('\n'))}
</div>
</body>
</html>
`;
}
