import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findStumbles } from './words.ts';

const TEXTS = '**/*.{ts,mjs,md,json,yml,svg,conf,service}';
/** Written by others or by programs. */
const SKIPPED_FOLDERS = [
  '**/node_modules',
  '.git',
  'dist',
  'packages/*/dist',
  'data',
  'coverage',
  'bench/results',
];
/** They contain the words because they are about them. */
const SKIPPED_FILES = ['scripts/words/words.ts', 'test/tooling/words.test.ts'];

export interface WordCheck {
  /** How many files were read. */
  readonly files: number;
  /** One line each, `path:line: "word": write …`. */
  readonly problems: readonly string[];
}

/**
 * Looks for the words in names, comments, messages, tests and docs below `root`.
 * @param within files and folders to look into. Default: all
 * @param except files and folders to leave out. Default: none
 */
export function checkWords(
  root: string,
  { within = [], except = [] }: { within?: readonly string[]; except?: readonly string[] } = {},
): WordCheck {
  const paths = globSync(TEXTS, { cwd: root, exclude: SKIPPED_FOLDERS })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !SKIPPED_FILES.includes(path) && !path.endsWith('package-lock.json'))
    .filter((path) => within.length === 0 || within.some((place) => isWithin(path, place)))
    .filter((path) => !except.some((place) => isWithin(path, place)))
    .sort();
  const problems = paths.flatMap((path) =>
    findStumbles(readFileSync(join(root, path), 'utf8')).map(
      ({ line, word, instead }) => `${path}:${line}: "${word}": write ${instead}`,
    ),
  );
  return { files: paths.length, problems };
}

function isWithin(path: string, place: string): boolean {
  const folder = place.replace(/^\.\//, '').replace(/\/$/, '');
  return path === folder || path.startsWith(`${folder}/`);
}
