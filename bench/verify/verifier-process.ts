/** A process that only ever runs one contender, so that no other warms or spoils its code. */
import { answerParent } from '../lib/child.ts';
import { type Contender, type ContenderName, createContender } from './contenders.ts';
import type { Material } from './tokens.ts';

export type VerifierQuestion =
  | { readonly start: { readonly name: ContenderName; readonly material: Material } }
  /** Verifies for this time. */
  | { readonly milliseconds: number };

export interface VerifierAnswer {
  /** Tokens per second. */
  readonly rate: number;
  /** µs of CPU time per token, of all threads. */
  readonly cpu: number;
}

/** Tokens that are timed together. */
const BATCH = 500;
/** A prime, so that every token comes once per turn, in another order than in memory. */
const STRIDE = 7919;

let contender: Contender | undefined;
let nextBatch: () => readonly string[] = () => [];

answerParent<VerifierQuestion>(async (question): Promise<VerifierAnswer> => {
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
 * Gives out the tokens in turn, each time as new strings, as the tokens of requests are. V8 would keep the hash of a
 * string that it has seen.
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

/** A verifier that accepts everything is fast: each must refuse what it should. */
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
