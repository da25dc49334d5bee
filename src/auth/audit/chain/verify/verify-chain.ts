import type { AuthContext } from '../../../context.ts';
import type { ChainPlace } from '../chain-link.ts';
import { type ChainState, readState, rootOf, type StoredState } from '../chain-state.ts';
import { ChainWalk } from './chain-walk.ts';
import { ErasureCheck } from './erasure-check.ts';
import { type ChainReport, Findings, type VerifyOptions } from './report.ts';
import { isSealed, type SealedRecord } from './sealed-record.ts';

const PAGE_EVENTS = 1000;
/** Retention may remove events that are about to be verified. Then the verification starts again. */
const ATTEMPTS = 3;

/**
 * Verifies the chain as it is now. Servers may go on sealing: what is sealed meanwhile is not part of the report.
 * @throws {StoreUnavailable}
 */
export async function verifyChain(
  context: AuthContext,
  options: VerifyOptions,
): Promise<ChainReport> {
  for (let attempt = 1; ; attempt++) {
    const before = await readNow(context);
    const report = await verifyOnce(context, before, options);
    if (report.isIntact || attempt === ATTEMPTS) return report;
    const after = await readNow(context);
    if (beginOf(after) === beginOf(before)) return report;
  }
}

async function verifyOnce(
  context: AuthContext,
  stored: StoredState,
  options: VerifyOptions,
): Promise<ChainReport> {
  const findings = new Findings();
  const state = stored.status === 'signed' ? stored.state : undefined;
  if (state === undefined) await explainMissingState(context, stored, findings);
  const seen = { verified: 0, adopted: 0, first: null, last: null } as Seen;
  const erasures = new ErasureCheck(findings, state?.adoptedUpTo ?? 0);
  if (state !== undefined) {
    reportBreaks(state, findings);
    await findOutside(context, state, findings);
    await walk(context, state, { findings, seen, erasures, ...options });
    const isCut = state.checkpoints[0].cause === 'retention';
    await erasures.finish(context, isCut ? seen.first?.at : undefined);
  }
  if (options.head !== undefined) checkHead(options.head, state, seen.macOfHead, findings);
  const { head, checkpoints = [] } = state ?? {};
  return {
    isIntact: findings.isEmpty,
    verified: seen.verified,
    first: seen.first,
    last: seen.last,
    head: head === undefined || head.mac === '' ? null : `${head.seq}.${head.mac}`,
    checkpoints: checkpoints.map(({ seq, cause, at }) => ({ seq, cause, at })),
    adopted: seen.adopted,
    erased: erasures.count,
    unsealed: await context.store.countUnsealed(),
    counts: findings.counts,
    findings: findings.list.toSorted((one, other) => one.from - other.from),
  };
}

interface Seen {
  verified: number;
  adopted: number;
  first: ChainReport['first'];
  last: ChainReport['last'];
  /** The MAC of the event that has the number of the head to compare with. */
  macOfHead?: string;
}

async function walk(
  { store, dataRoots }: AuthContext,
  state: ChainState,
  {
    findings,
    seen,
    erasures,
    head,
    onProgress,
  }: { findings: Findings; seen: Seen; erasures: ErasureCheck } & VerifyOptions,
): Promise<void> {
  const chain = new ChainWalk(state.checkpoints, dataRoots(), findings);
  const [{ seq: begin }] = state.checkpoints;
  const end = state.head.seq;
  for (let after = begin; after < end; ) {
    const { records } = await store.readSealed({ after, limit: PAGE_EVENTS });
    const sealed = records.filter(isSealed).filter(({ seq }) => seq <= end);
    for (const record of sealed) {
      chain.step(record);
      erasures.see(record);
      findInsertion(record, state, seen, findings);
      const place = { seq: record.seq, at: record.at };
      seen.first ??= place;
      seen.last = place;
      seen.verified += 1;
      if (record.seq === head?.seq) seen.macOfHead = record.mac;
    }
    after = sealed.length === 0 ? end : (records.at(-1)?.seq ?? end);
    onProgress?.(Math.min(after, end) - begin, end - begin);
  }
  chain.finish(state.head);
}

/** The attack: a thief inserts an event, and a server seals it as it seals every other. */
function findInsertion(
  { seq, id, origin }: SealedRecord,
  { adoptedUpTo }: ChainState,
  seen: Seen,
  findings: Findings,
): void {
  if (origin !== null) return;
  if (seq <= adoptedUpTo) {
    seen.adopted += 1;
    return;
  }
  const detail =
    'No server of this version wrote this event: it was inserted, changed before it was sealed, or written by a node of version 0.1.';
  findings.add('inserted', seq, detail, id);
}

/** Finds events before the beginning and after the end of the chain. */
async function findOutside(
  context: AuthContext,
  state: ChainState,
  findings: Findings,
): Promise<void> {
  const { store } = context;
  const [begin] = state.checkpoints;
  const anywhere = -Number.MAX_SAFE_INTEGER;
  const [first] = (await store.readSealed({ after: anywhere, limit: 1 })).records;
  if (first !== undefined && first.seq !== null && first.seq <= begin.seq) {
    if (begin.cause !== 'break') {
      const detail = `Events before number ${begin.seq + 1}, where the chain begins, were put back.`;
      findings.add('inserted', [first.seq, begin.seq], detail, first.id);
    }
  }
  const { records } = await store.readSealed({ after: state.head.seq, limit: PAGE_EVENTS });
  const last = records.at(-1)?.seq ?? 0;
  if (last === 0) return;
  // A server may have sealed them since the state was read.
  const now = await readNow(context);
  const end = now.status === 'signed' ? now.state.head.seq : state.head.seq;
  const beyond = records.filter(({ seq }) => seq !== null && seq > end);
  const [next] = beyond;
  if (next?.seq === undefined || next.seq === null) return;
  const detail = `There are events after number ${end}, where the chain ends: they were inserted, or the state of the chain was set back.`;
  findings.add('inserted', [next.seq, last], detail, next.id);
}

function reportBreaks({ checkpoints }: ChainState, findings: Findings): void {
  for (const { cause, seq, at } of checkpoints) {
    if (cause !== 'break') continue;
    const detail = `On ${new Date(at).toISOString()} the chain could not be continued after event ${seq}: its state was lost, changed or set back, or its root key was gone. Events before that may be missing or changed.`;
    findings.add('unverifiable', seq, detail);
  }
}

async function explainMissingState(
  { store }: AuthContext,
  stored: StoredState,
  findings: Findings,
): Promise<void> {
  if (stored.status === 'foreign') {
    const detail = `The chain depends on the root key ${rootOf(stored.state)}, which this database no longer has.`;
    findings.add('unverifiable', [1, stored.state.head.seq], detail);
    return;
  }
  const { records } = await store.readSealed({ after: 0, limit: 1 });
  if (stored.status === 'none' && records.length === 0) return;
  const what = stored.status === 'none' ? 'is missing' : 'was changed';
  const detail = `The state of the chain ${what}, so no event can be verified. The next server that seals begins again after the last event.`;
  findings.add('unverifiable', 0, detail);
}

/** A head that the operator kept also shows what no database can show by itself: that all of it was set back. */
function checkHead(
  head: { readonly seq: number; readonly mac: string },
  state: ChainState | undefined,
  macOfHead: string | undefined,
  findings: Findings,
): void {
  const { seq } = head;
  const begin = state?.checkpoints[0];
  const found = macOfHead ?? (begin?.seq === seq ? begin.mac : undefined);
  if (found === head.mac) return;
  // That nothing can be verified was said.
  if (state === undefined && !findings.isEmpty) return;
  const end = state?.head.seq ?? 0;
  if (seq > end) {
    const detail = `The chain once had ${seq} events, as the head that was given shows, and now ends with ${end}: the newest are missing, or an earlier state of the database was restored.`;
    findings.add('cut_off_at_end', [end + 1, seq], detail);
  } else if (begin !== undefined && seq < begin.seq) {
    const detail = `Event ${seq}, whose head was given, was removed by retention. Give a later head.`;
    findings.add('unverifiable', seq, detail);
  } else if (found !== undefined && findings.isEmpty) {
    const detail = `Event ${seq} is not the one of the head that was given: the database was replaced by another state.`;
    findings.add('changed', seq, detail);
  }
}

async function readNow({ store, clock, dataRoots }: AuthContext): Promise<StoredState> {
  const { state } = await store.readSealed({ after: 0, limit: 1 });
  return readState(state, dataRoots(), clock.now());
}

function beginOf(stored: StoredState): ChainPlace['seq'] {
  return 'state' in stored ? stored.state.checkpoints[0].seq : -1;
}
