import { KeyRefused } from '../../kernel/errors.ts';

const BEGIN = '-----BEGIN ';
/** A PEM text that was damaged when it was copied. */
const ALMOST_PEM = /-\s?BEGIN [A-Z0-9 ]*(?:KEY|CERTIFICATE|PARAMETERS)/;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END ([A-Z0-9 ]+)-----/g;
const LINE_LENGTH = 64;

interface Block {
  readonly label: string;
  readonly body: string;
}

/** Whether a text is PEM, complete or damaged. */
export function isPem(text: string): boolean {
  return text.includes(BEGIN) || ALMOST_PEM.test(text);
}

/**
 * Finds the one key, or the one certificate, in a PEM text. The text may have carriage returns or a literal `\n` as line
 * breaks, be on one line with spaces, be indented or in quotes, or follow the attributes that `openssl pkcs12` writes.
 * @returns the key as PEM, in lines of 64 characters
 * @throws {KeyRefused} if it is not clear which key is meant, or if a part is missing. The message quotes nothing of a
 *   key.
 */
export function normalizePem(text: string): string {
  const blocks = findBlocks(text.replaceAll(/\\r\\n|\\n|\\r/g, '\n'));
  // The name of a curve, which the key that follows contains too.
  const parts = blocks.filter(({ label }) => label !== 'EC PARAMETERS');
  const keys = parts.filter(({ label }) => label.endsWith('KEY'));
  const certificates = parts.filter(({ label }) => label.includes('CERTIFICATE'));
  const [first] = keys;
  if (keys.length > 1) {
    const labels = keys.map(({ label }) => label).join(', ');
    refuse(`This text holds ${keys.length} keys (${labels}). Give only the one that is meant.`);
  }
  if (first !== undefined && certificates.length > 0) {
    refuse(
      `This text holds a key and ${count(certificates.length, 'certificate')}. Give only the key: the part from -----BEGIN ${first.label}----- to -----END ${first.label}-----.`,
    );
  }
  return format(first ?? certificates[0] ?? parts[0] ?? refuse('This PEM text holds no key.'));
}

function findBlocks(text: string): Block[] {
  const found = [...text.matchAll(BLOCK)].map(([, label = '', body = '', end = '']) => {
    if (label !== end) {
      refuse(
        `This PEM text begins as ${label} and ends as ${end}. Copy one key, from -----BEGIN to -----END.`,
      );
    }
    return { label, body };
  });
  const begun = text.match(/BEGIN [A-Z0-9 ]+/g)?.length ?? 0;
  if (found.length === begun) return found;
  if (!/-----END [A-Z0-9 ]+-----/.test(text) && !/END [A-Z0-9 ]+/.test(text)) {
    refuse(
      'This PEM text has no -----END line. Copy the whole of it, from -----BEGIN to -----END.',
    );
  }
  return refuse(
    'This PEM text has a BEGIN or END line that is not complete: each has five dashes on both sides. Copy the whole of it.',
  );
}

function format({ label, body }: Block): string {
  // The headers of an encrypted key are lines of their own. Such a key is refused elsewhere.
  if (body.includes(':')) return `-----BEGIN ${label}-----${body}-----END ${label}-----\n`;
  const compact = body.replaceAll(/[\s\u200b\ufeff]/g, '');
  const [stray] = /[^A-Za-z0-9+/=]/.exec(compact) ?? [];
  if (stray !== undefined) {
    const code = (stray.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    refuse(
      `This PEM text has a character that does not belong in it (U+${code}). Copy the key again, from -----BEGIN to -----END.`,
    );
  }
  const lines = compact.match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function refuse(message: string): never {
  throw new KeyRefused('invalid_key', message);
}
