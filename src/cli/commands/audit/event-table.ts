import type {
  AuditActor,
  AuditChange,
  AuditEvent,
  AuditSubject,
} from '../../../auth/audit/event.ts';
import type { Console } from '../../shell/terminal/console.ts';
import { toPrintable, widthOf } from '../../shell/terminal/printable.ts';
import type { EventNames } from './name-finder.ts';

/** Events as people read them: a line each, and one below it for what did not fit or has no column. */
export interface EventTable {
  readonly header: readonly string[];
  rows(events: readonly AuditEvent[], names?: EventNames): string[];
}

const headings = ['WHEN (UTC)', 'WHAT', 'WHO', 'TO WHOM', 'FROM'];
/** The first two columns are never cut. */
const wholeColumns = 2;
const gap = '  ';
/** Widths that are enough for most events, where those to come are not known. */
const usualWidths = [19, 22, 12, 12, 15];

/**
 * Makes a table that is as wide as the terminal at most.
 * @param grows whether there will be rows of events that are not known yet
 */
export function createEventTable(
  events: readonly AuditEvent[],
  names: EventNames,
  console: Console,
  { grows = false } = {},
): EventTable {
  const cells = [headings, ...events.map((event) => toCells(event, names))];
  const natural = headings.map((_, column) => {
    const least = grows ? (usualWidths[column] ?? 0) : 0;
    return Math.max(least, ...cells.map((row) => widthOf(row[column] ?? '')));
  });
  const widths = narrow(natural, console.width);
  const format = (row: readonly string[]) =>
    row
      .map((cell, column) => pad(cut(cell, widths[column] ?? 0), widths[column] ?? 0))
      .join(gap)
      .trimEnd();
  return {
    header: [console.strong(format(headings))],
    rows: (shown, namesOfShown = names) =>
      shown.flatMap((event) => {
        const row = toCells(event, namesOfShown);
        const isCut = (column: number) => widthOf(row[column] ?? '') > (widths[column] ?? 0);
        const details = [
          ...(event.reason === null ? [] : [event.reason]),
          ...Object.entries(event.changes ?? {}).map(
            ([name, it]) => `${name}: ${formatChange(it)}`,
          ),
          ...['by', 'to', 'from'].flatMap((word, at) => {
            const column = wholeColumns + at;
            return isCut(column) ? [`${word} ${row[column]}`] : [];
          }),
        ];
        const below = toPrintable(details.join('; '));
        return [format(row), ...(below === '' ? [] : [console.faint(`    ${below}`)])];
      }),
  };
}

function toCells(event: AuditEvent, names: EventNames): string[] {
  const { actor, subject } = names(event);
  return [
    new Date(event.at).toISOString().slice(0, 19).replace('T', ' '),
    event.type,
    toLabel(event.actor, actor),
    toLabel(event.subject, subject),
    event.address ?? '–',
  ].map(toPrintable);
}

/** As `--actor` takes it. */
function toLabel({ kind, id }: AuditActor | AuditSubject, name: string | null): string {
  const label = name ?? id;
  if (kind === 'user') return label ?? '–';
  return label === null ? kind : `${kind}:${label}`;
}

function formatChange(change: AuditChange): string {
  if (change === null) return 'none';
  if (typeof change !== 'object') return String(change);
  if (isList(change)) return change.join(', ') || 'none';
  return `${formatChange(change.from)} → ${formatChange(change.to)}`;
}

function isList(change: object): change is readonly string[] {
  return Array.isArray(change);
}

/** Takes from the widest of the last columns until all fit; 7 are left to each. */
function narrow(natural: readonly number[], total: number): number[] {
  const widths = [...natural];
  const sum = () => widths.reduce((left, right) => left + right + gap.length, -gap.length);
  while (sum() > total) {
    const widest = Math.max(...widths.slice(wholeColumns));
    if (widest <= 7) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
  return widths;
}

function cut(cell: string, width: number): string {
  if (widthOf(cell) <= width) return cell;
  let kept = '';
  for (const character of cell) {
    if (widthOf(kept + character) >= width) break;
    kept += character;
  }
  return `${kept}…`;
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - widthOf(cell)));
}
