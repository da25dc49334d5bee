import { spawnSync } from 'node:child_process';
import { devNull } from 'node:os';
import type { Moment } from './order.ts';

/** Where SQLite's write-ahead log has its write lock: the byte of the `-shm` file. */
const writeLock = 120;

const traced = 'fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg,read,recvfrom,fcntl';

/** A command that runs another one and writes its system calls into a file. */
export function traceInto(file: string): readonly string[] {
  return ['strace', '--seccomp-bpf', '-f', '-yy', '-s', '60', '-e', `trace=${traced}`, '-o', file];
}

/** Whether there is a tracer here, and it is allowed to trace. */
export function canTrace(): boolean {
  const [command = '', ...args] = [...traceInto(devNull), process.execPath, '--version'];
  return process.platform === 'linux' && spawnSync(command, args).status === 0;
}

/** Reads what the tracer wrote of a server on SQLite. */
export function readTrace(text: string): Moment[] {
  const moments: Moment[] = [];
  const begun = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, thread = '', entry = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const [, start] = /^(.*) <unfinished \.\.\.>$/.exec(entry) ?? [];
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/.exec(entry) ?? [];
    if (start !== undefined) begun.set(thread, start);
    const call = end === undefined ? entry : (begun.get(thread) ?? '') + end;
    const moment =
      // What is sent may be there before the call returns; everything else counts once it is done.
      start === undefined ? toMoment(call, end !== undefined) : toAnswer(start);
    if (moment !== undefined) moments.push(moment);
  }
  return moments;
}

function toAnswer(call: string): Moment | undefined {
  const [, text] = /^(?:write|writev|sendto|sendmsg)\(.*?"HTTP\/1\.1 (\d+)/.exec(call) ?? [];
  return text === undefined ? undefined : { what: 'answer', text };
}

function toMoment(call: string, isResumed: boolean): Moment | undefined {
  const [, text] = /^(?:read|recvfrom)\(.*?"((?:GET|POST) \S+) HTTP\/1\.1/.exec(call) ?? [];
  if (text !== undefined) return { what: 'request', text };
  if (/^pwrite64\(\d+<[^>]*-wal>/.test(call)) return { what: 'written' };
  if (/^f(data)?sync\(\d+<[^>]*-wal>\) += 0$/.test(call)) return { what: 'synced' };
  const lock = `l_start=${writeLock}, l_len=1}) = 0`;
  if (/^fcntl\(\d+<[^>]*-shm>, F_SETLK/.test(call) && call.includes(lock)) {
    return { what: call.includes('l_type=F_UNLCK') ? 'unlocked' : 'locked' };
  }
  return isResumed ? undefined : toAnswer(call);
}
