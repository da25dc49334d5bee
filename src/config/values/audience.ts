import { quote, type Refuse } from '../setting-error.ts';
import { splitList } from './network.ts';
import { refuseStrayCharacters } from './stray-characters.ts';

const AUDIENCE_MAX_CHARACTERS = 255;

/** The audience if none is given: the whole issuer. A comma in its path does not make it two. */
export function defaultAudience(issuer: string, refuse: Refuse): string {
  if (issuer.length <= AUDIENCE_MAX_CHARACTERS) return issuer;
  return refuse(
    `has ${issuer.length} characters, and an audience has ${AUDIENCE_MAX_CHARACTERS} at most.`,
    'Shorten it, or set LATCHKEY_AUDIENCE.',
  );
}

/** One name stays a text, which every verifier understands. Several are a list in tokens too. */
export function parseAudience(text: string, refuse: Refuse): string | readonly string[] {
  if (/^["'`]|["'`]$/.test(text)) refuseStrayCharacters(text, refuse);
  const names = text === '' ? [''] : splitList(text);
  for (const name of names) {
    if (name.length > AUDIENCE_MAX_CHARACTERS || !/^[\x21-\x7e]+$/.test(name)) {
      refuse(
        `${quote(name)} is not a name that verifiers can compare.`,
        'Give one URL or one name of visible ASCII characters without spaces, 255 at most; or several, with commas between them.',
      );
    }
  }
  const [only = ''] = names;
  return names.length === 1 ? only : names;
}
