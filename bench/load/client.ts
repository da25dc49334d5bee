/** The process that sends the load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent } from '../lib/child.ts';
import { quantile } from '../lib/report/statistics.ts';
import { Lane, type Traffic } from './lane.ts';
import type { AnswerTimes, FixedLoad, Load, LoadResult, RefreshLoad } from './load.ts';
import { createRequest } from './request.ts';

/** Records the answers that come before the time is over. */
class Recorder {
  readonly #until: number;
  readonly #durations: number[] = [];
  readonly #served: number[] = [];
  readonly #refused: number[] = [];
  #failed = 0;

  constructor(milliseconds: number) {
    this.#until = performance.now() + milliseconds;
  }

  get isOver(): boolean {
    return performance.now() >= this.#until;
  }

  record(status: number, since: number): void {
    const now = performance.now();
    if (now >= this.#until) return;
    this.#durations.push(now - since);
    if (status === 429 || status === 503) this.#refused.push(now - since);
    if (status >= 200 && status <= 299) this.#served.push(now - since);
    else this.#failed++;
  }

  summarise({ milliseconds }: Load): Omit<LoadResult, 'clientCpu' | 'tokens'> {
    const { max, ...all } = summariseTimes(this.#durations);
    return {
      ...all,
      max,
      rate: all.answered / (milliseconds / 1000),
      failed: this.#failed,
      served: summariseTimes(this.#served),
      refused: summariseTimes(this.#refused),
    };
  }
}

function summariseTimes(durations: readonly number[]): AnswerTimes & { readonly max: number } {
  const sorted = Float64Array.from(durations).sort();
  const at = (share: number) => (sorted.length === 0 ? Number.NaN : quantile(sorted, share));
  return { answered: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

answerParent<Load>(async (load) => {
  const before = process.cpuUsage();
  const began = performance.now();
  const recorder = new Recorder(load.milliseconds);
  const tokens = load.kind === 'fixed' ? [] : [...load.tokens];
  if (load.kind === 'fixed') await runFixed(load, recorder);
  else await runRefresh(load, recorder, tokens);
  const { user, system } = process.cpuUsage(before);
  const clientCpu = (user + system) / 1000 / (performance.now() - began);
  const result: LoadResult = { ...recorder.summarise(load), clientCpu, tokens };
  return result;
});

async function runFixed(load: FixedLoad, recorder: Recorder): Promise<void> {
  const { requests, connections, pipelining, rate } = load;
  // Each connection begins with another request, so that all of them are in use at any time.
  const places = Array.from({ length: connections }, (_, lane) =>
    Math.floor((lane * requests.length) / connections),
  );
  let allowance = rate === undefined ? Number.POSITIVE_INFINITY : 0;
  const traffic: Traffic = {
    next(lane) {
      if (allowance < 1 || recorder.isOver) return undefined;
      allowance--;
      // Where the answers decide which lane is next, the lanes take the requests in turn, so none is used twice.
      const circle = load.abandons ? 0 : lane;
      const place = places[circle] ?? 0;
      places[circle] = (place + 1) % requests.length;
      return requests[place];
    },
    onAnswer: (_lane, status, _body, since) => recorder.record(status, since),
  };
  // With a rate, no request waits for an answer: a slow server must not slow the clients down.
  const most = rate === undefined ? pipelining : Number.POSITIVE_INFINITY;
  const lanes = await openLanes(load.port, connections, traffic, most);
  if (rate === undefined) {
    for (const lane of lanes) lane.send();
    await sleep(load.milliseconds);
  } else {
    const began = performance.now();
    let lane = 0;
    for (let sent = 0; !recorder.isOver; await sleep(1)) {
      for (const target = ((performance.now() - began) * rate) / 1000; sent < target; sent++) {
        allowance = 1;
        lane = load.abandons ? findIdle(lanes, lane) : sent % connections;
        lanes[lane]?.send(began + (sent * 1000) / rate);
      }
    }
  }
  if (load.abandons) for (const lane of lanes) lane.abandon();
  else await Promise.all(lanes.map((lane) => lane.finish()));
}

/** The next lane whose answers have all come: an answer must not wait for one that the server gives later. */
function findIdle(lanes: readonly Lane[], last: number): number {
  for (let step = 1; step <= lanes.length; step++) {
    const place = (last + step) % lanes.length;
    if (lanes[place]?.isIdle) return place;
  }
  return (last + 1) % lanes.length;
}

async function runRefresh(load: RefreshLoad, recorder: Recorder, tokens: string[]): Promise<void> {
  const { port, connections } = load;
  const places = Array.from({ length: connections }, (_, lane) => lane);
  const waiting = places.map(() => true);
  const traffic: Traffic = {
    next(lane) {
      if (waiting[lane] !== true || recorder.isOver) return undefined;
      waiting[lane] = false;
      const token = tokens[places[lane] ?? lane];
      return createRequest('POST', '/auth/refresh', {}, { refresh_token: token });
    },
    onAnswer(lane, status, body, since) {
      recorder.record(status, since);
      if (status !== 200) return;
      const place = places[lane] ?? lane;
      tokens[place] = readRefreshToken(body);
      places[lane] = place + connections < tokens.length ? place + connections : lane;
      waiting[lane] = true;
    },
  };
  const lanes = await openLanes(port, connections, traffic, 1);
  for (const lane of lanes) lane.send();
  await sleep(load.milliseconds);
  await Promise.all(lanes.map((lane) => lane.finish()));
}

async function openLanes(
  port: number,
  count: number,
  traffic: Traffic,
  pipelining: number,
): Promise<Lane[]> {
  const lanes = Array.from({ length: count }, (_, index) => new Lane(index, traffic, pipelining));
  await Promise.all(lanes.map((lane) => lane.open(port)));
  return lanes;
}

const NAME = Buffer.from('"refresh_token":"');

/** Cut out rather than parsed, to leave the CPU to the server. */
function readRefreshToken(body: Buffer): string {
  const start = body.indexOf(NAME) + NAME.length;
  return body.toString('latin1', start, body.indexOf('"', start));
}
