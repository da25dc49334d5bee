/** A piece of HTML in which everything that was inserted is escaped. */
export class Html {
  readonly text: string;
  /** @param text HTML that was written here, and nothing that came from elsewhere */
  constructor(text: string) {
    this.text = text;
  }
}

/** What may be inserted. Nothing is written for null, undefined and false. */
export type Insertable = string | number | Html | readonly Html[] | null | undefined | false;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Writes HTML, and escapes what is inserted, for text and for attributes in quotes. The attack: a name with a script in
 * it.
 *
 * ```ts
 * html`<p title="${title}">${text}</p>`;
 * ```
 */
export function html(strings: TemplateStringsArray, ...values: readonly Insertable[]): Html {
  const parts = strings.map((text, at) => (at === 0 ? text : insert(values[at - 1]) + text));
  return new Html(parts.join(''));
}

function insert(value: Insertable): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map((it) => it.text).join('');
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
