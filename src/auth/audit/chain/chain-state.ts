import { isSameSecret } from '../../../kernel/encoding/same-secret.ts';
import type { RootKey } from '../../keys/root-keys.ts';
import { createChainMac } from './chain-keys.ts';
import { CHAIN_START, type ChainPlace } from './chain-link.ts';

/**
 * Why the chain has a checkpoint. `start`: it begins there. `retention`: earlier events were removed. `secret`: the root
 * key was replaced. `break`: what came before could not be continued, because the state was lost, changed or set back,
 * or because its root key is gone.
 */
export type CheckpointCause = 'start' | 'retention' | 'secret' | 'break';

/** A place from which events are authenticated under a root key. */
export interface Checkpoint extends ChainPlace {
  readonly cause: CheckpointCause;
  /** The id of the root key. */
  readonly root: string;
  /** When it was made; ms since the epoch. */
  readonly at: number;
}

/** Where the chain begins and ends. It is kept in the shared state, under a MAC. */
export interface ChainState {
  readonly head: ChainPlace;
  /** In the order of their numbers; the first is where the chain begins. */
  readonly checkpoints: readonly [Checkpoint, ...Checkpoint[]];
  /** Events up to this number may lack a proof of their origin: they were there before the chain. */
  readonly adoptedUpTo: number;
  /** Whether events from before the chain may still be unsealed. */
  readonly isAdopting: boolean;
}

/** The state as it was found. `lost`: it is not there, cannot be read, or was changed. `foreign`: its root key is gone. */
export type StoredState =
  | { readonly status: 'signed' | 'foreign'; readonly state: ChainState }
  | { readonly status: 'none' | 'lost' };

/** How long after a root key was replaced the state may still be signed under the one before. */
const SUCCESSION_MS = 3_600_000;

export function createChainState(root: RootKey, now: number): ChainState {
  const start: Checkpoint = { ...CHAIN_START, cause: 'start', root: root.id, at: now };
  return { head: CHAIN_START, checkpoints: [start], adoptedUpTo: 0, isAdopting: true };
}

/** Goes on from a place with a checkpoint under a root key. */
export function addCheckpoint(
  state: Pick<ChainState, 'adoptedUpTo' | 'isAdopting'> & {
    readonly checkpoints: readonly Checkpoint[];
  },
  place: ChainPlace,
  how: Pick<Checkpoint, 'cause' | 'root' | 'at'>,
): ChainState {
  const { seq, mac, link } = place;
  const [first, ...rest] = [...state.checkpoints, { seq, mac, link, ...how }];
  if (first === undefined) throw new Error('There is no checkpoint.');
  return { ...state, head: { seq, mac, link }, checkpoints: [first, ...rest] };
}

/** The root key of the events that come next. */
export function rootOf({ checkpoints }: ChainState): string {
  return (checkpoints.at(-1) ?? checkpoints[0]).root;
}

/** Writes the state as a text that only a server with the secret can make. */
export function signState(state: ChainState, root: RootKey): string {
  const text = JSON.stringify({ version: 1, ...state, root: root.id });
  return `${createChainMac(root, 'state', text)}.${text}`;
}

/**
 * Reads the state.
 *
 * The attack: a thief with the old secret and the database puts back a state that was signed under the old root key.
 * So the old one counts only for an hour after it was replaced, in which the nodes add a checkpoint under the new one.
 * @param roots the root keys for data, the newest first
 */
export function readState(stored: string, roots: readonly RootKey[], now: number): StoredState {
  if (stored === '') return { status: 'none' };
  const [mac = ''] = stored.split('.', 1);
  const text = stored.slice(mac.length + 1);
  const state = parseState(text);
  if (state === undefined) return { status: 'lost' };
  const root = roots.find(({ id }) => id === state.root);
  if (root === undefined) return { status: 'foreign', state };
  const [newest = root] = roots;
  const isOutdated = root !== newest && now > newest.activeAt + SUCCESSION_MS;
  const isOurs = isSameSecret(mac, createChainMac(root, 'state', text));
  return isOurs && !isOutdated ? { status: 'signed', state } : { status: 'lost' };
}

/** Only the form: whether it is ours is decided by the MAC. */
function parseState(text: string): (ChainState & { readonly root: string }) | undefined {
  try {
    const state = JSON.parse(text);
    const isState =
      state.version === 1 && Number.isSafeInteger(state.head.seq) && state.checkpoints.length > 0;
    return isState ? state : undefined;
  } catch {
    return undefined;
  }
}
