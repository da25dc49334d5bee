import type { ChainReport, Finding } from '../../../auth/audit/chain/verify/report.ts';
import type { Call, Command } from '../../shell/command.ts';
import { exitCode } from '../../shell/exit-code.ts';
import { UsageError } from '../../shell/failures.ts';
import { createProgress } from '../../shell/terminal/progress.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';

const HEAD = /^(\d{1,15})\.([\w-]{43})$/;

export const auditVerify: Command = {
  name: 'audit verify',
  summary: 'Verify that the audit trail was not changed',
  details:
    'Finds events that were changed, removed, reordered or inserted, and ends that were cut off, without the secret. If the whole database was set back to an earlier state, only a head that you kept shows it: keep the one that this command prints somewhere else, and give it to a later run. The exit code is 1 if something was found.',
  options: {
    head: {
      type: 'string',
      placeholder: 'head',
      description: 'A head that an earlier run printed. The chain must still contain it.',
    },
    json: { ...jsonOption, description: 'Print the report as JSON.' },
  },
  settings: dataSettings,
  examples: [
    'audit verify',
    'audit verify --head 4711.q83v…',
    'audit verify --json | jq .findings',
  ],
  run,
};

async function run(call: Call): Promise<number> {
  const { console, flags } = call;
  const head = parseHead(flags.find('head'));
  const onProgress = createProgress(console, 'events');
  const report = await withLatchkey(call, ({ auth }) =>
    auth.auditChain.verify({ head, onProgress: reportLong(onProgress) }),
  );
  if (flags.has('json')) console.printJson(toView(report));
  else console.print(describe(report).join('\n'));
  return report.isIntact ? exitCode.ok : exitCode.failure;
}

function parseHead(text: string | undefined): { seq: number; mac: string } | undefined {
  if (text === undefined) return undefined;
  const [, seq, mac] = HEAD.exec(text) ?? [];
  if (seq !== undefined && mac !== undefined) return { seq: Number(seq), mac };
  throw new UsageError(
    '--head must be a head as this command prints it: a number, a dot and a MAC.',
  );
}

/** Shows no progress of what takes less than a second. */
const LONG_EVENTS = 50_000;

function reportLong(show: (done: number, total: number) => void) {
  return (done: number, total: number) => {
    if (total >= LONG_EVENTS) show(done, total);
  };
}

function describe(report: ChainReport): string[] {
  const { first, last, verified, adopted, erased, unsealed, counts, findings } = report;
  const lines =
    first === null || last === null
      ? ['No event is sealed yet.']
      : [
          `${count(verified, 'event')} verified: ${first.seq} to ${last.seq}, from ${toText(first.at)} to ${toText(last.at)} (UTC).`,
        ];
  for (const { cause, seq, at } of report.checkpoints) {
    if (cause === 'retention') {
      lines.push(`Retention removed the events up to ${seq}; the checkpoint is of ${toText(at)}.`);
    } else if (cause === 'secret') {
      lines.push(`Under a new root key since event ${seq + 1}, ${toText(at)}.`);
    }
  }
  if (erased > 0)
    lines.push(`${count(erased, 'event')} of deleted users without address and user agent.`);
  if (adopted > 0) {
    lines.push(`${count(adopted, 'event')} from before the chain, sealed as they were found.`);
  }
  if (unsealed.count > 0) {
    lines.push(
      `${count(unsealed.count, 'event')} not sealed yet, the oldest of ${toText(unsealed.oldestAt ?? 0)}. A running server seals them within a second.`,
    );
  }
  if (report.head !== null) lines.push(`Head, to keep somewhere else: ${report.head}`);
  if (report.isIntact) return [...lines, 'Nothing was changed.'];
  const totals = Object.entries(counts).map(([kind, n]) => `${n} ${toWords(kind)}`);
  const shown = findings.map((it) => `  ${toWords(it.kind)}, ${where(it)}: ${it.detail}`);
  return [...lines, '', `The audit trail was changed: ${totals.join(', ')}.`, ...shown];
}

function where({ from, to, id }: Finding): string {
  const events = from === to ? `event ${from}` : `events ${from} to ${to}`;
  return id === null ? events : `${events} (${id})`;
}

function toView(report: ChainReport): Record<string, unknown> {
  const place = (it: ChainReport['first']) => it && { seq: it.seq, at: toTime(it.at) };
  const { oldestAt } = report.unsealed;
  return {
    intact: report.isIntact,
    verified: report.verified,
    first: place(report.first),
    last: place(report.last),
    head: report.head,
    checkpoints: report.checkpoints.map(({ seq, cause, at }) => ({ seq, cause, at: toTime(at) })),
    adopted: report.adopted,
    erased: report.erased,
    unsealed: {
      count: report.unsealed.count,
      oldest_at: oldestAt === null ? null : toTime(oldestAt),
    },
    counts: report.counts,
    findings: report.findings,
  };
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

function toText(ms: number): string {
  return toTime(ms).slice(0, 19).replace('T', ' ');
}

function toWords(kind: string): string {
  return kind.replaceAll('_', ' ');
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
