import { ALGORITHMS, type Algorithm, isAlgorithm } from '../../jwt/algorithms.ts';
import { findNearest } from '../../kernel/options/did-you-mean.ts';
import { quote, type Refuse } from '../setting-error.ts';
import { refuseStrayCharacters } from './stray-characters.ts';

export function parseDataDir(text: string, refuse: Refuse): string {
  refuseStrayCharacters(text, refuse);
  if (text.startsWith('~')) refuse('begins with ~, which only a shell reads.', 'Write it in full.');
  return text;
}

/** The most characters of an app's name: it is part of subjects of mails and of labels in authenticator apps. */
const APP_NAME_MAX = 64;

export function parseAppName(text: string, refuse: Refuse): string {
  const name = text.trim().normalize('NFC');
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) {
    refuse('has a line break or an invisible character.', 'Write the name on one line.');
  }
  if (name === '' || [...name].length > APP_NAME_MAX) {
    refuse('is not a name for an app.', `Give 1 to ${APP_NAME_MAX} characters.`);
  }
  return name;
}

export function parseRegistration(text: string, refuse: Refuse): 'open' | 'closed' {
  if (text === 'open' || text === 'closed') return text;
  if (text === 'verified' || text === 'invite') {
    return refuse(`is "${text}", which this version does not offer.`, 'Give open or closed.');
  }
  return refuse(`${quote(text)} is not a way to register.`, 'Give open or closed.');
}

export function parseMaxSessions(text: string, refuse: Refuse): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 1000) return count;
  return refuse(
    `${quote(text)} is not a number of sessions.`,
    'Give a whole number from 1 to 1000.',
  );
}

export function parseAlgorithm(text: string, refuse: Refuse): Algorithm {
  if (isAlgorithm(text)) return text;
  const known = Object.keys(ALGORITHMS);
  const meant = findNearest(text, known);
  return refuse(
    `${quote(text)} is not an algorithm that Latchkey signs with.`,
    `${meant === undefined ? '' : `Did you mean ${meant}? `}Give one of ${known.join(', ')}.`,
  );
}

export function parseBoolean(text: string, refuse: Refuse): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return refuse(`${quote(text)} is neither true nor false.`, 'Give true or false.');
}
