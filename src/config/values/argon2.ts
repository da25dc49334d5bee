import { quote, type Refuse } from '../setting-error.ts';

/** The memory of the weakest parameters that OWASP recommends, by the number of passes. KiB. */
const LEAST_MEMORY_KIB = [47_104, 19_456, 12_288, 9_216, 7_168] as const;
const MOST_MEMORY_KIB = 256 * 1024;
/** KiB times passes, which decides how long a hash takes: about two seconds. */
const MOST_WORK_KIB = 4 * 1024 * 1024;
const MOST_PASSES = 64;
const MOST_LANES = 16;

/** The cost of new hashes. @see RFC 9106 section 3.1 */
export interface Argon2Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** Reads an amount of memory, such as `64MiB` or `19456KiB`. @returns KiB */
export function parseArgon2Memory(text: string, refuse: Refuse): number {
  const [, digits, unit] = /^([1-9]\d{0,6})(MiB|KiB)$/.exec(text) ?? [];
  const kib = Number(digits) * (unit === 'MiB' ? 1024 : 1);
  if (digits === undefined || kib > MOST_MEMORY_KIB) {
    refuse(
      `${quote(text)} is not an amount of memory for one hash.`,
      `Give MiB or KiB, such as 64MiB; at most ${showMemory(MOST_MEMORY_KIB)}.`,
    );
  }
  return kib;
}

export function parseArgon2Passes(text: string, refuse: Refuse): number {
  return parseCount(text, MOST_PASSES, refuse);
}

export function parseArgon2Lanes(text: string, refuse: Refuse): number {
  return parseCount(text, MOST_LANES, refuse);
}

/**
 * Finds what is wrong with a cost as a whole: it is weaker than every choice of OWASP, or one sign-in takes seconds.
 * @returns the problem and what to do
 * @see OWASP Password Storage Cheat Sheet
 */
export function findCostProblem({
  memoryKib,
  passes,
}: Argon2Cost): readonly [problem: string, fix: string] | undefined {
  const least = LEAST_MEMORY_KIB[Math.min(passes, LEAST_MEMORY_KIB.length) - 1] ?? 0;
  if (memoryKib < least) {
    return [
      `is ${showMemory(memoryKib)}, which is too weak with ${showPasses(passes)}.`,
      `Give ${showMemory(least)} or more, or more passes.`,
    ];
  }
  if (memoryKib * passes > MOST_WORK_KIB) {
    return [
      `is ${showMemory(memoryKib)}, and with ${showPasses(passes)} a sign-in takes seconds.`,
      `Give ${showMemory(Math.floor(MOST_WORK_KIB / passes))} or less, or fewer passes.`,
    ];
  }
  return undefined;
}

function parseCount(text: string, most: number, refuse: Refuse): number {
  const count = /^[1-9]\d?$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > most) {
    refuse(`${quote(text)} is not a valid count.`, `Give a whole number from 1 to ${most}.`);
  }
  return count;
}

function showMemory(kib: number): string {
  return kib % 1024 === 0 ? `${kib / 1024}MiB` : `${kib}KiB`;
}

function showPasses(passes: number): string {
  return passes === 1 ? '1 pass' : `${passes} passes`;
}
