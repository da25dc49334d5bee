/**
 * The thread that hashes. It works synchronously, at the lowest priority the operating system knows,
 * so that it takes only time that no request wants.
 */
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { hashSync, verifySync as verifyArgon2 } from '@node-rs/argon2';
import { verifySync as verifyBcrypt } from '@node-rs/bcrypt';
import type { HashAnswer, HashRequest, HashWorkerData } from './messages.ts';

// On Linux process 0 means the calling thread; anywhere else it would slow the whole server down.
if (process.platform === 'linux') {
  try {
    setPriority(0, constants.priority.PRIORITY_LOW);
  } catch {
    // A sandbox may forbid it. Hashing then merely competes with requests.
  }
}

const { standIn, ...cost }: HashWorkerData = workerData;

function verify({ engine, hash, password }: Extract<HashRequest, { kind: 'verify' }>): boolean {
  if (engine === 'bcrypt') return verifyBcrypt(password, hash);
  try {
    return verifyArgon2(hash, password);
  } catch {
    verifyArgon2(standIn, password);
    return false;
  }
}

function answer(request: HashRequest): HashAnswer {
  if (request.kind === 'verify') return verify(request);
  const { password, salt } = request;
  return hashSync(password, salt === undefined ? cost : { ...cost, salt });
}

parentPort?.on('message', (request: HashRequest) => parentPort?.postMessage(answer(request)));
