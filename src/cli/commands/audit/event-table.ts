import type {
  AuditActor,
  AuditChange,
  AuditEvent,
  AuditSubject,
} from '../../../auth/audit/event.ts';
import type { Console } from '../../shell/terminal/console.ts';
import { formatRow, narrow } from '../../shell/terminal/fitted-table.ts';
import { toPrintable, widthOf } from '../../shell/terminal/printable.ts';
import type { EventNames } from './name-finder.ts';

/** Formats events for people: a line each, and one below it for details and for what did not fit. */
export interface EventTable {
  readonly header: readonly string[];
  rows(events: readonly AuditEvent[], names?: EventNames): string[];
}

const HEADINGS = ['WHEN (UTC)', 'WHAT', 'WHO', 'TO WHOM', 'FROM'];
/** The first two columns are never cut. */
const WHOLE_COLUMNS = 2;
/** Enough for most events. For tables whose later rows are not known yet. */
const USUAL_WIDTHS = [19, 22, 12, 12, 15];

/**
 * Creates a table that is at most as wide as the terminal.
 * @param grows whether rows will follow for events that are not known yet
 */
export function createEventTable(
  events: readonly AuditEvent[],
  names: EventNames,
  console: Console,
  { grows = false } = {},
): EventTable {
  const cells = [HEADINGS, ...events.map((event) => toCells(event, names))];
  const natural = HEADINGS.map((_, column) => {
    const least = grows ? (USUAL_WIDTHS[column] ?? 0) : 0;
    return Math.max(least, ...cells.map((row) => widthOf(row[column] ?? '')));
  });
  const widths = narrow(natural, console.width, (column) => column >= WHOLE_COLUMNS);
  const format = (row: readonly string[]) => formatRow(row, widths);
  return {
    header: [console.strong(format(HEADINGS))],
    rows: (shown, namesOfShown = names) =>
      shown.flatMap((event) => {
        const row = toCells(event, namesOfShown);
        const isCut = (column: number) => widthOf(row[column] ?? '') > (widths[column] ?? 0);
        const details = [
          ...(event.reason === null ? [] : [event.reason]),
          ...Object.entries(event.changes ?? {}).map(
            ([name, change]) => `${name}: ${formatChange(change)}`,
          ),
          ...['by', 'to', 'from'].flatMap((word, at) => {
            const column = WHOLE_COLUMNS + at;
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

/** In the form that `--actor` accepts. */
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
