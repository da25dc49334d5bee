/** Verification alone, without HTTP, of new tokens and of tokens seen before, beside other libraries. */
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { showProgress } from '../lib/report/report.ts';
import type { ContenderName } from '../verify/contenders.ts';
import {
  createNewTable,
  createSeenTable,
  type Extent,
  type Figures,
  NEW_TOKENS,
  SEEN_TOKENS,
} from '../verify/tables.ts';
import { type Algorithm, algorithms, createMaterial, type Material } from '../verify/tokens.ts';
import type { VerifierAnswer, VerifierQuestion } from '../verify/verifier-process.ts';

/** Short and many, so that a disturbance spoils a few rounds and not the median. */
const ROUND_MS = 100;
const WARM_UP_ROUNDS = 4;

type VerifierProcess = Child<VerifierQuestion, VerifierAnswer>;

/** Contenders that verify the same tokens in turn. */
interface Match {
  readonly kind: 'seen' | 'new';
  readonly algorithm: Algorithm;
  readonly names: readonly ContenderName[];
}

const matches: readonly Match[] = [
  {
    kind: 'seen',
    algorithm: 'HS256',
    names: [
      'guard.verify()',
      'fast-jwt with its cache',
      'guard, nothing revoked',
      'guard, a million revoked',
      'guard, a million, and more',
    ],
  },
  { kind: 'seen', algorithm: 'ES256', names: ['guard.verify()', 'fast-jwt with its cache'] },
  ...algorithms.map((algorithm): Match => {
    const names: readonly ContenderName[] = [
      'node:crypto',
      'guard.verify(), no cache',
      'guard.verify(), remembering',
      'fast-jwt',
      'jose',
      'jsonwebtoken',
    ];
    const isKnown = (name: ContenderName) => algorithm !== 'EdDSA' || name !== 'jsonwebtoken';
    return { kind: 'new', algorithm, names: names.filter(isKnown) };
  }),
];

export const verify: Bench = {
  name: 'verify',
  summary: 'guard.verify() beside node:crypto, fast-jwt, jose and jsonwebtoken',
  async run({ quick }) {
    const extent = quick
      ? { sets: 1, rounds: 2, milliseconds: 50 }
      : { sets: 2, rounds: 12, milliseconds: ROUND_MS };
    const results = { seen: new Map<Algorithm, Figures>(), new: new Map<Algorithm, Figures>() };
    for (let set = 1; set <= extent.sets; set++) {
      for (const { kind, algorithm, names } of matches) {
        const figures: Figures = results[kind].get(algorithm) ?? new Map();
        results[kind].set(algorithm, figures);
        const material = createMaterial(algorithm, kind === 'seen' ? SEEN_TOKENS : NEW_TOKENS);
        await measureSet(figures, material, names, extent, (doing) =>
          showProgress(`verify: set ${set} of ${extent.sets}, ${kind} ${algorithm}, ${doing}`),
        );
      }
    }
    return [createSeenTable(results.seen, extent), createNewTable(results.new, extent)];
  },
};

/** Two processes of the same program differ a little as long as they live, so each set has new ones. */
async function measureSet(
  figures: Figures,
  material: Material,
  names: readonly ContenderName[],
  { rounds, milliseconds }: Extent,
  progress: (what: string) => void,
): Promise<void> {
  progress('starting');
  const contenders: { readonly name: ContenderName; readonly process: VerifierProcess }[] = [];
  try {
    for (const name of names) {
      const process: VerifierProcess = startChild(
        new URL('../verify/verifier-process.ts', import.meta.url),
      );
      contenders.push({ name, process });
      await process.ask({ start: { name, material } });
    }
    for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round++) {
      progress(round < 1 ? 'warming up' : `round ${round} of ${rounds}`);
      for (const { name, process } of contenders) {
        const answer = await process.ask({ milliseconds });
        if (round > 0) figures.set(name, [...(figures.get(name) ?? []), answer]);
      }
    }
  } finally {
    for (const { process } of contenders) process.stop();
  }
}
