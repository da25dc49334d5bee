import { InvalidSetting } from '../kernel/errors.ts';

/**
 * The cost of one argon2id hash.
 * @see RFC 9106 section 3.1
 */
export interface Argon2Policy {
  /** KiB of memory. */
  readonly memoryCost: number;
  /** Passes over that memory. */
  readonly timeCost: number;
  /** Lanes. */
  readonly parallelism: number;
}

/** 19 MiB, 2 passes, 1 lane: the floor OWASP recommends, about 7 ms of one core. */
export const DEFAULT_POLICY: Argon2Policy = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

const LEAST_MEMORY_KIB = 8;
const MOST_MEMORY_KIB = 256 * 1024;
const MOST_PASSES = 64;
const MOST_LANES = 16;
/** KiB times passes, which decides how long one hash takes. This much takes about two seconds. */
const MOST_WORK_KIB = 4 * 1024 * 1024;

function isWhole(value: number, from: number, to: number): boolean {
  return Number.isSafeInteger(value) && value >= from && value <= to;
}

/**
 * Whether a hash of this cost may be computed. The attack: a hash that was imported, or inserted into the database, costs
 * gigabytes or minutes at every sign-in.
 */
export function isAffordable({ memoryCost, timeCost, parallelism }: Argon2Policy): boolean {
  return (
    isWhole(parallelism, 1, MOST_LANES) &&
    isWhole(memoryCost, LEAST_MEMORY_KIB * parallelism, MOST_MEMORY_KIB) &&
    isWhole(timeCost, 1, MOST_PASSES) &&
    memoryCost * timeCost <= MOST_WORK_KIB
  );
}

/** Checks the cost that the host asks for: verification must not refuse it later. @throws {InvalidSetting} */
export function assertPolicy(policy: Argon2Policy): void {
  const { memoryCost, timeCost, parallelism } = policy;
  if (!isWhole(parallelism, 1, MOST_LANES)) {
    throw new InvalidSetting(
      'parallelism',
      'is not a number of lanes that argon2 can use.',
      `Give a whole number from 1 to ${MOST_LANES}; 1 suits most servers.`,
    );
  }
  if (!isWhole(memoryCost, LEAST_MEMORY_KIB * parallelism, MOST_MEMORY_KIB)) {
    throw new InvalidSetting(
      'memoryCost',
      'is not an amount of memory that argon2 can use.',
      `Give whole KiB from ${LEAST_MEMORY_KIB * parallelism} to ${MOST_MEMORY_KIB}; the default is ${DEFAULT_POLICY.memoryCost}.`,
    );
  }
  if (!isWhole(timeCost, 1, MOST_PASSES)) {
    throw new InvalidSetting(
      'timeCost',
      'is not a number of passes that argon2 can make.',
      `Give a whole number from 1 to ${MOST_PASSES}; the default is ${DEFAULT_POLICY.timeCost}.`,
    );
  }
  if (!isAffordable(policy)) {
    throw new InvalidSetting(
      'timeCost',
      'together with memoryCost makes every login take seconds.',
      `Keep memoryCost times timeCost at or under ${MOST_WORK_KIB}.`,
    );
  }
}
