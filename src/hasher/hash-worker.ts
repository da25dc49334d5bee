/**
 * The thread that hashes. It works synchronously, at the lowest priority of the operating system, so that it uses only
 * time that no request needs.
 */
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { hashSync, verifySync as verifyArgon2 } from '@node-rs/argon2';
import { verifySync as verifyBcrypt } from '@node-rs/bcrypt';
import type { HashAnswer, HashRequest } from './messages.ts';
import type { Argon2Policy } from './policy.ts';

// On Linux, process 0 is the calling thread. Elsewhere it is the process, so this would slow the whole server down.
if (process.platform === 'linux') {
  try {
    setPriority(0, constants.priority.PRIORITY_LOW);
  } catch {
    // A sandbox may forbid it. Then hashing competes with requests.
  }
}

const policy: Argon2Policy = workerData;

function compute(request: HashRequest): string | boolean {
  const { password } = request;
  if (request.kind === 'hash') {
    const { salt } = request;
    return hashSync(password, salt === undefined ? policy : { ...policy, salt });
  }
  const { engine, hash } = request;
  return engine === 'bcrypt' ? verifyBcrypt(password, hash) : verifyArgon2(hash, password);
}

function answer(request: HashRequest): HashAnswer {
  const startedAt = performance.now();
  const result = compute(request);
  return { result, tookMs: performance.now() - startedAt };
}

parentPort?.on('message', (request: HashRequest) => parentPort?.postMessage(answer(request)));
