import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { LatchkeyPluginOptions } from '../../src/server/options.ts';
import { sendTo, type TestAnswer } from '../support/server.ts';
import type { Order, Report } from './key-node.ts';

const running = new Set<ChildProcess>();
after(async () => {
  await Promise.all([...running].map((node) => stop(node)));
});

async function stop(node: ChildProcess): Promise<void> {
  running.delete(node);
  const gone = once(node, 'exit');
  node.disconnect();
  const timer = setTimeout(() => node.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}

/** A server in a process of its own. */
export class Node {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.#process = process;
  }

  static async start(options: LatchkeyPluginOptions): Promise<Node> {
    const file = join(import.meta.dirname, 'key-node.ts');
    const node = fork(file, [JSON.stringify(options)], { stdio: 'inherit' });
    running.add(node);
    const [report]: Report[] = await once(node, 'message');
    assert.ok(report !== undefined && 'port' in report);
    return new Node(`http://127.0.0.1:${report.port}`, node);
  }

  /** @returns the `kid` */
  async tell(order: Order): Promise<string> {
    this.#process.send(order);
    const [report]: Report[] = await once(this.#process, 'message');
    assert.ok(report !== undefined && 'kid' in report, JSON.stringify(report));
    return report.kid;
  }

  verify(token: string): Promise<TestAnswer> {
    return sendTo(`${this.url}/auth/verify`, { token });
  }

  stop(): Promise<void> {
    return stop(this.#process);
  }
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}

/** Clients that refresh at one node and show what they got, and what they got before, to all. */
export class Load {
  readonly nodes: Node[];
  /** The keys whose tokens may be refused. */
  readonly revoked = new Set<string>();
  /** By key: the latest token, and the nodes that have signed with it. */
  readonly tokens = new Map<string, string>();
  readonly signers = new Map<string, Set<string>>();
  requests = 0;
  #isOver = false;
  #clients: Promise<void>[] = [];

  constructor(nodes: Node[]) {
    this.nodes = nodes;
  }

  start(clients: number): void {
    this.#clients = Array.from({ length: clients }, (_, at) => this.#live(`user-${at}`));
    for (const client of this.#clients) client.catch(() => {});
  }

  /** Rejects with what went wrong for any client. */
  async stop(t: TestContext): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    t.diagnostic(`${this.requests} requests, none refused`);
  }

  /** Resolves once it is true; rejects as soon as a client met what it must not. */
  async until(isTrue: () => boolean): Promise<void> {
    const failed = Promise.all(this.#clients);
    const deadline = performance.now() + 30_000;
    while (!isTrue()) {
      assert.ok(performance.now() < deadline, 'it took longer than 30 s');
      await Promise.race([failed, pause(10)]);
    }
  }

  async #live(username: string): Promise<void> {
    const json = { username, password: 'correct horse battery' };
    let { refresh_token: refreshToken } = await this.#ask('/auth/register', json);
    let before: string | undefined;
    while (!this.#isOver) {
      const body = await this.#ask('/auth/refresh', { refresh_token: refreshToken });
      refreshToken = body['refresh_token'];
      const token = String(body['access_token']);
      for (const shown of before === undefined ? [token] : [token, before]) {
        await Promise.all(this.nodes.map((node) => this.#show(node, shown)));
      }
      before = token;
      // All the time, and not as much as the machine can bear: other tests run beside this one.
      await pause(20);
    }
  }

  async #ask(path: string, json: object): Promise<TestAnswer['body']> {
    const node = this.nodes[this.requests++ % this.nodes.length];
    assert.ok(node);
    const answer = await sendTo(node.url + path, { json });
    assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`);
    const token = String(answer.body['access_token']);
    const kid = kidOf(token);
    this.tokens.set(kid, token);
    this.signers.set(kid, (this.signers.get(kid) ?? new Set()).add(node.url));
    return answer.body;
  }

  async #show(node: Node, token: string): Promise<void> {
    this.requests++;
    const { status, text } = await node.verify(token);
    if (status === 401 && this.revoked.has(kidOf(token))) return;
    assert.equal(status, 200, text);
  }
}
