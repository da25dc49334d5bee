import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A word or a turn of phrase that readers stumble over, and what to write instead. */
interface Stumble {
  readonly pattern: RegExp;
  readonly instead: string;
}

/**
 * The project's words to give up. Most of them are correct English, and each was read twice by somebody: they mean
 * two things, hide who does what, or sound translated.
 */
const STUMBLES: readonly Stumble[] = [
  { pattern: /\bat once\b/i, instead: '"immediately", or "at the same time"' },
  { pattern: /\bhang(?:s|ing)? on\b|\bhung on\b/i, instead: '"depends on"' },
  { pattern: /\b(?:is|are|was|were|be|what) due\b/i, instead: '"is required", "is expected"' },
  { pattern: /\banew\b/i, instead: '"again"' },
  { pattern: /\bof late\b/i, instead: '"recently"' },
  { pattern: /\bfor ?ever\b/i, instead: '"indefinitely", "without end"' },
  { pattern: /\bmend(?:s|ed|ing)?\b/i, instead: '"fix", "repair"' },
  { pattern: /\bhinder(?:s|ed|ing)?\b/i, instead: '"prevent", "keep from"' },
  { pattern: /\bbesides\b/i, instead: '"also", "in addition"' },
  { pattern: /\ball the same\b/i, instead: '"still", "anyway"' },
  { pattern: /\bwhoever\b/i, instead: 'the subject: a caller, a client, a process' },
  {
    pattern: /(?<!['"`])\b(?:no|some|any)body\b(?!['"`])/i,
    instead: 'the subject: "no user", "a client"',
  },
  { pattern: /\bno more\b(?! than\b)/i, instead: '"no longer"' },
  {
    pattern:
      /\b(?:is|are|was|were) no (?!longer\b|more than\b|(?:earlier|later|less|greater|smaller|older|newer|longer|shorter|bigger|fewer|higher|lower|faster|slower) than\b|such\b)[a-z]+ (?:of|that|which)\b/i,
    instead: '"is not a …"',
  },
  {
    pattern: /(?:^|[.:] |\* |\/\/ )(?:Of (?:a|an|the|what|those|all)\b|Those (?:that|who|which)\b)/,
    instead: 'a sentence that begins with its subject',
  },
  { pattern: /\b(?:tell|speak|say)s? of\b/i, instead: '"names", "reports", "describes"' },
  { pattern: /\bwho may not\b/i, instead: '"a caller that is not allowed to"' },
  { pattern: /\b(?:is|are|was|were) had\b/i, instead: '"is fetched", "is read"' },
];

interface Finding {
  /** Counts from 1. */
  readonly line: number;
  readonly word: string;
  readonly instead: string;
}

/** Finds the words in a text. */
export function findStumbles(text: string): readonly Finding[] {
  return text.split('\n').flatMap((line, at) =>
    STUMBLES.flatMap(({ pattern, instead }) => {
      const [word] = pattern.exec(line) ?? [];
      return word === undefined ? [] : [{ line: at + 1, word: word.trim(), instead }];
    }),
  );
}

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
/** They contain the words because they are about them, or list what people type. */
const SKIPPED_FILES = [
  'scripts/words.ts',
  'test/tooling/words.test.ts',
  'src/auth/credentials/passwords/common-passwords.json',
];

export interface WordCheck {
  /** How many files were read. */
  readonly files: number;
  /** One line each, `path:line: "word": write …`. */
  readonly problems: readonly string[];
}

/**
 * Looks for the words in names, comments, messages, tests and docs below `root`.
 * @param within files and folders to look into. Default: all
 */
export function checkWords(root: string, within: readonly string[] = []): WordCheck {
  const paths = globSync(TEXTS, { cwd: root, exclude: SKIPPED_FOLDERS })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !SKIPPED_FILES.includes(path) && !path.endsWith('package-lock.json'))
    .filter((path) => within.length === 0 || within.some((place) => isWithin(path, place)))
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
