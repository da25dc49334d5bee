import type { FastifyBaseLogger } from 'fastify';
import type { Notice } from '../../../auth/notice.ts';
import { createStopwatch } from '../../../kernel/clock.ts';
import { printProblem } from '../../../kernel/process/print-problem.ts';
import { systemClock } from '../../../kernel/system-clock.ts';
import type { BackgroundReport } from '../../../system/background-report.ts';
import {
  describeFailure,
  type FailureReport,
  formatFailure,
} from '../../../system/describe-failure.ts';

/**
 * Reports to the operator why something failed, in the host's own log. An app without a logger, which is Fastify's
 * default, would drop it, so there it is printed to standard error.
 * @param fields for the log: what identifies the kind of failure
 * @param text what failed, such as `request failed`
 */
export function logFailure(
  log: FastifyBaseLogger,
  error: unknown,
  fields: Readonly<Record<string, string>>,
  text: string,
): void {
  if (fields['code'] === 'overloaded' && isOverloadKnown()) return;
  const report = describeFailure(error);
  if (!isMissing(log)) log.error({ ...fields, ...report }, text);
  else print(`latchkey: ${text} (${Object.values(fields).join(' ')}).`, report);
}

let overloadLoggedAt: number | undefined;

/**
 * Whether the log was told in the last ten seconds that this process is overloaded. The attack: a flood of sign-ins, each
 * of which is refused and makes a line in the log.
 */
function isOverloadKnown(): boolean {
  if (overloadLoggedAt !== undefined && elapsed() - overloadLoggedAt < INTERVAL_MS) return true;
  overloadLoggedAt = elapsed();
  return false;
}

/** Writes a notice to the host's own log. If the app has no logger, a warning is printed. */
export function logNotice(log: FastifyBaseLogger, { level, text }: Notice): void {
  if (!isMissing(log)) log[level === 'warning' ? 'warn' : 'info'](text);
  else if (level === 'warning') printProblem(`latchkey: ${text}`);
}

/** Reports to the operator why a background task fails, or that it succeeds again. */
export function logBackground(log: FastifyBaseLogger, { task, error }: BackgroundReport): void {
  if (error !== undefined) logFailure(log, error, { task }, 'background task failed');
  else logNotice(log, { level: 'warning', text: `The background task "${task}" succeeds again.` });
}

/** Whether this is what Fastify gives to an app without a logger: all its levels are one empty function. */
function isMissing(log: FastifyBaseLogger): boolean {
  return log.error === log.info && !('level' in log);
}

/** How long a text is not printed again. */
const INTERVAL_MS = 10_000;
/** How many different texts are printed under one heading in that time: a message may quote what a client sent. */
const MAX_TEXTS = 100;
const elapsed = createStopwatch(systemClock);
/** By heading: when each text was printed last, and how often it was left out since. */
const printed = new Map<string, Map<string, { at: number; repeats: number }>>();

/**
 * The attack: many requests that fail fill the disk behind standard error. Each heading has its own limit, so many
 * failures of one kind do not hide another kind.
 */
function print(heading: string, report: FailureReport): void {
  const text = formatFailure(report);
  const texts = printed.get(heading) ?? new Map<string, { at: number; repeats: number }>();
  printed.set(heading, texts);
  const last = texts.get(text);
  if (last !== undefined && elapsed() - last.at < INTERVAL_MS) {
    last.repeats += 1;
    return;
  }
  if (texts.size >= MAX_TEXTS && !hasRoom(texts)) return;
  texts.set(text, { at: elapsed(), repeats: 0 });
  const repeats = last === undefined || last.repeats === 0 ? '' : ` (${last.repeats} more since)`;
  printProblem(`${heading}${repeats}${text.startsWith('\n') ? '' : ' '}${text}`);
}

/** Removes the texts that may be printed again. */
function hasRoom(texts: Map<string, { at: number }>): boolean {
  for (const [text, { at }] of texts) if (elapsed() - at >= INTERVAL_MS) texts.delete(text);
  return texts.size < MAX_TEXTS;
}
