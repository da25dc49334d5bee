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
export const defaultPolicy: Argon2Policy = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

const leastMemory = 8;
const mostMemory = 256 * 1024;
const mostPasses = 64;
const mostLanes = 16;
/** KiB times passes: what mostly decides how long one hash takes; this much takes about two seconds. */
const mostWork = 4 * 1024 * 1024;

function isWhole(value: number, from: number, to: number): boolean {
  return Number.isSafeInteger(value) && value >= from && value <= to;
}

/**
 * Whether a hash of this cost may be computed at all. The attack it stops: a hash that was imported or
 * planted in the database and asks for gigabytes or minutes at every login attempt.
 */
export function isBearable({ memoryCost, timeCost, parallelism }: Argon2Policy): boolean {
  return (
    isWhole(parallelism, 1, mostLanes) &&
    isWhole(memoryCost, leastMemory * parallelism, mostMemory) &&
    isWhole(timeCost, 1, mostPasses) &&
    memoryCost * timeCost <= mostWork
  );
}

/** @throws {InvalidSetting} where the host asks for a cost that verification would refuse later */
export function assertPolicy(policy: Argon2Policy): void {
  const { memoryCost, timeCost, parallelism } = policy;
  if (!isWhole(parallelism, 1, mostLanes)) {
    throw new InvalidSetting(
      'parallelism',
      'is not a number of lanes that argon2 can use.',
      `Give a whole number from 1 to ${mostLanes}; 1 suits most servers.`,
    );
  }
  if (!isWhole(memoryCost, leastMemory * parallelism, mostMemory)) {
    throw new InvalidSetting(
      'memoryCost',
      'is not an amount of memory that argon2 can use.',
      `Give whole KiB from ${leastMemory * parallelism} to ${mostMemory}; the default is ${defaultPolicy.memoryCost}.`,
    );
  }
  if (!isWhole(timeCost, 1, mostPasses)) {
    throw new InvalidSetting(
      'timeCost',
      'is not a number of passes that argon2 can make.',
      `Give a whole number from 1 to ${mostPasses}; the default is ${defaultPolicy.timeCost}.`,
    );
  }
  if (!isBearable(policy)) {
    throw new InvalidSetting(
      'timeCost',
      'together with memoryCost makes every login take seconds.',
      `Keep memoryCost times timeCost at or under ${mostWork}.`,
    );
  }
}
