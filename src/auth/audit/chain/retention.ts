import { createUuidFloor } from '../../../kernel/uuid.ts';
import type { AuthContext } from '../../context.ts';
import { createLink, describeEvent } from './chain-link.ts';
import { type ChainState, type Checkpoint, readState, signState } from './chain-state.ts';

/**
 * Removes up to `limit` of the oldest sealed events, if they are older than `before` (ms since the epoch), and leaves a
 * checkpoint from which the rest can be verified. Events go in the order of the chain. One whose clock was ahead goes
 * when it was sealed long enough ago.
 * @returns how many it removed
 * @throws {StoreUnavailable}
 */
export async function cutChain(
  { store, clock, dataRoots }: AuthContext,
  before: number,
  limit: number,
): Promise<number> {
  const roots = dataRoots();
  const [root] = roots;
  // From the beginning: there are events before the first checkpoint if the state was lost.
  const { state: expected, records } = await store.readSealed({ after: 0, limit });
  const stored = readState(expected, roots, clock.now());
  if (stored.status !== 'signed' || root === undefined) return 0;
  const { state } = stored;
  const floor = createUuidFloor(before);
  let place: ChainState['head'] = state.checkpoints[0];
  let count = 0;
  for (const record of records) {
    const { id, seq, mac, sealedAt, origin } = record;
    if (seq === null || mac === null || sealedAt === null || seq > state.head.seq) break;
    if (id >= floor && sealedAt >= before) break;
    count += 1;
    if (seq <= place.seq) continue;
    // After a break the chain goes on from its checkpoint.
    const from = state.checkpoints.findLast((it) => it.seq > place.seq && it.seq < seq) ?? place;
    const content = describeEvent(record, seq, sealedAt, origin !== null);
    place = { seq, mac, link: createLink(from.link, mac, content) };
  }
  if (count === 0) return 0;
  const upTo = records[count - 1]?.seq ?? 0;
  const next = signState(beginAt(state, place, clock.now()), root);
  const { status } = await store.cutEvents({ expected, state: next, upTo });
  return status === 'cut' ? count : 0;
}

function beginAt(
  state: ChainState,
  { seq, mac, link }: ChainState['head'],
  at: number,
): ChainState {
  const [first] = state.checkpoints;
  if (seq === first.seq) return state;
  const passed = state.checkpoints.filter((it) => it.seq <= seq).at(-1) ?? first;
  const start: Checkpoint = { seq, mac, link, cause: 'retention', root: passed.root, at };
  // Two checkpoints are never at one place; at its own place a break begins with nothing before it.
  const begin = passed.seq === seq ? { ...passed, cause: 'retention' as const, at } : start;
  return { ...state, checkpoints: [begin, ...state.checkpoints.filter((it) => it.seq > seq)] };
}
