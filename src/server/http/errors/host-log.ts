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

/** The apps that asked for no log at all. */
const silenced = new WeakSet<object>();

/** Has nothing printed for an app without a logger. */
export function silence(log: FastifyBaseLogger): void {
  silenced.add(log);
}

/**
 * Tells the operator why something failed, in the host's own log. An app without a logger, which is Fastify's
 * default, would swallow it, so there it is printed to standard error.
 * @param fields for the log: what identifies the kind of failure
 * @param text what failed, such as `request failed`
 */
export function logFailure(
  log: FastifyBaseLogger,
  error: unknown,
  fields: Readonly<Record<string, string>>,
  text: string,
): void {
  const report = describeFailure(error);
  if (!isMissing(log)) log.error({ ...fields, ...report }, text);
  else if (!silenced.has(log))
    print(`latchkey: ${text} (${Object.values(fields).join(' ')}).`, report);
}

/** Tells the operator a notice in the host's own log. A warning is printed where the app has no logger. */
export function logNotice(log: FastifyBaseLogger, { level, text }: Notice): void {
  if (!isMissing(log)) log[level === 'warning' ? 'warn' : 'info'](text);
  else if (level === 'warning' && !silenced.has(log)) printProblem(`latchkey: ${text}`);
}

/** Tells the operator why a task in the background fails, or that it succeeds again. */
export function logBackground(log: FastifyBaseLogger, { task, error }: BackgroundReport): void {
  if (error !== undefined) logFailure(log, error, { task }, 'background task failed');
  else logNotice(log, { level: 'warning', text: `The background task "${task}" succeeds again.` });
}

/** Whether this is what Fastify gives to an app that asked for no logger: its levels are one empty function. */
function isMissing(log: FastifyBaseLogger): boolean {
  return log.error === log.info && !('level' in log);
}

/** The same text is printed no more often than this. */
const INTERVAL_MS = 10_000;
/** That many different texts are printed under one heading in that time: a message may quote what a client sent. */
const MOST_TEXTS = 100;
const elapsed = createStopwatch(systemClock);
/** By heading: when each text was printed last, and how often it was left out since. */
const printed = new Map<string, Map<string, { at: number; repeats: number }>>();

/**
 * The attack: requests that fail in great number must not fill the disk under standard error. Each heading has its own
 * limit, so a flood of one kind of failure hides no other kind.
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
  if (texts.size >= MOST_TEXTS && !hasRoom(texts)) return;
  texts.set(text, { at: elapsed(), repeats: 0 });
  const repeats = last === undefined || last.repeats === 0 ? '' : ` (${last.repeats} more since)`;
  printProblem(`${heading}${repeats}${text.startsWith('\n') ? '' : ' '}${text}`);
}

/** Forgets the texts that may be printed again. */
function hasRoom(texts: Map<string, { at: number }>): boolean {
  for (const [text, { at }] of texts) if (elapsed() - at >= INTERVAL_MS) texts.delete(text);
  return texts.size < MOST_TEXTS;
}
