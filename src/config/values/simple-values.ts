import { ALGORITHMS, type Algorithm, isAlgorithm } from '../../jwt/algorithms.ts';
import { findNearest } from '../../kernel/options/did-you-mean.ts';
import { quote, type Refuse } from '../setting-error.ts';
import { refuseStrayCharacters } from './stray-characters.ts';

export function parseDataDir(text: string, refuse: Refuse): string {
  refuseStrayCharacters(text, refuse);
  if (text.startsWith('~')) refuse('begins with ~, which only a shell reads.', 'Write it in full.');
  return text;
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
