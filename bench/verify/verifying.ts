/** A process in which one contender verifies, and nothing else ever did. */
import { answerParent } from '../lib/child.ts';
import { type Contender, type ContenderName, createContender } from './contenders.ts';
import type { Material } from './tokens.ts';

export type VerifyingQuestion =
  | { readonly start: { readonly name: ContenderName; readonly material: Material } }
  /** Verifies for so many ms. */
  | { readonly milliseconds: number };

export interface VerifyingAnswer {
  /** Tokens per second. */
  readonly rate: number;
  /** µs of CPU time per token, of all threads. */
  readonly cpu: number;
}

/** Tokens that are timed at once. */
const BATCH = 500;
/** A prime, so that tokens come in another order than they lie in memory, and each once in turn. */
const STRIDE = 7919;

let contender: Contender | undefined;
let nextBatch: () => readonly string[] = () => [];

answerParent<VerifyingQuestion>(async (question): Promise<VerifyingAnswer> => {
  if ('start' in question) {
    const { name, material } = question.start;
    contender = await createContender(name, material);
    await assertRefusals(contender, name, material);
    const tokens = contender.tokens ?? material.tokens;
    nextBatch = createSource(tokens);
    // Each once, so that a cache has all that it can hold.
    for (let seen = 0; seen < tokens.length; seen += BATCH) await contender.prepare(nextBatch())();
    return { rate: 0, cpu: 0 };
  }
  if (contender === undefined) throw new Error('It was not started.');
  let done = 0;
  let spent = 0;
  let used = 0;
  while (spent < question.milliseconds) {
    const batch = nextBatch();
    const run = contender.prepare(batch);
    const before = process.cpuUsage();
    const began = performance.now();
    const running = run();
    if (running !== undefined) await running;
    spent += performance.now() - began;
    const { user, system } = process.cpuUsage(before);
    used += user + system;
    done += batch.length;
  }
  return { rate: (done / spent) * 1000, cpu: used / done };
});

/**
 * Answers the tokens in turn, every time as new strings. Those of a request are, and V8 would remember
 * the hash of one that it saw before.
 */
function createSource(tokens: readonly string[]): () => readonly string[] {
  const bytes = tokens.map((token) => Buffer.from(token, 'latin1'));
  let index = 0;
  return () =>
    Array.from({ length: BATCH }, () => {
      index = (index + STRIDE) % bytes.length;
      return bytes[index]?.toString('latin1') ?? '';
    });
}

/** What accepts anything is quick: each must refuse what it should. */
async function assertRefusals(
  contender: Contender,
  name: ContenderName,
  { refused }: Material,
): Promise<void> {
  for (const [what, token] of Object.entries(refused)) {
    const isItsTask = name !== 'node:crypto' || what === 'altered';
    if (isItsTask && (await isAccepted(contender, token))) {
      throw new Error(`${name} accepts a token that is ${what}.`);
    }
  }
}

async function isAccepted({ prepare }: Contender, token: string): Promise<boolean> {
  try {
    await prepare([token])();
    return true;
  } catch {
    return false;
  }
}
