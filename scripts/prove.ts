/**
 * `npm run prove`: the long proofs in full, one after another. `npm test` runs each of them in a short form.
 * `npm run prove -- race crash`: only those whose test file or setting contains one of the words.
 * `npm run prove -- --list`: what there is. A setting of the same name changes how often a proof repeats.
 */
import { type Proof, proofs } from './proofs.ts';
import { report } from './steps.ts';
import { findTestFiles, runTests } from './test-run.ts';

/** Minutes for one proof. A thousand crashes take most of an hour on two cores. */
const LIMIT_MINUTES = 6 * 60;

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const chosen = Object.entries<Proof>(proofs).filter(
  ([name, { files }]) =>
    words.length === 0 ||
    words.some(
      (word) =>
        files.some((file) => file.includes(word)) ||
        name.toLowerCase().includes(word.toLowerCase()),
    ),
);

if (process.argv.includes('--list')) {
  for (const [name, proof] of chosen) console.log(`${name.padEnd(22)} ${describe(name, proof)}`);
} else if (chosen.length === 0) {
  console.error(`No proof matches: ${words.join(' ')}. See npm run prove -- --list`);
  process.exitCode = 1;
} else {
  for (const [at, [name, proof]] of chosen.entries()) {
    console.log(`\nProof ${at + 1} of ${chosen.length}, ${name}: ${describe(name, proof)}`);
    const { ok, seconds } = await runTests({
      files: findTestFiles(proof.files),
      env: { TEST_PROVE: 'full' },
      limitMinutes: LIMIT_MINUTES,
    });
    report(name, ok, seconds);
    if (!ok) process.exitCode = 1;
  }
}

function describe(name: string, { full, what }: Proof): string {
  const given = process.env[name];
  const often = given ?? (Number.isFinite(full) ? full.toLocaleString('en') : 'all');
  return `${often} ${what}`;
}
