import { en } from './en.ts';
import type { MailCatalogue } from './mail-texts.ts';

/** The texts by language (BCP 47). Another language is one file with the same texts, and its line here. */
const MAIL_CATALOGUES = { en } as const satisfies Readonly<Record<string, MailCatalogue>>;

/** The texts of a language, or else in English. */
export function findMailCatalogue(language: string): MailCatalogue {
  const catalogues: Readonly<Record<string, MailCatalogue>> = MAIL_CATALOGUES;
  return Object.hasOwn(catalogues, language) ? (catalogues[language] ?? en) : en;
}

/**
 * Chooses the language that suits the `Accept-Language` header best.
 * @see RFC 9110 section 12.5.4
 */
export function chooseLanguage(acceptLanguage: string | undefined): string {
  const ranges = (acceptLanguage ?? '').slice(0, 256).split(',');
  const wanted = ranges.map((range) => {
    const [tag = '', weight = 'q=1'] = range.trim().split(/\s*;\s*/);
    const quality = Number(/^q=([\d.]+)$/i.exec(weight)?.[1] ?? 0);
    return { language: tag.toLowerCase().split('-')[0] ?? '', quality };
  });
  const known = wanted.filter(
    ({ language, quality }) => quality > 0 && Object.hasOwn(MAIL_CATALOGUES, language),
  );
  return known.toSorted((a, b) => b.quality - a.quality)[0]?.language ?? 'en';
}
