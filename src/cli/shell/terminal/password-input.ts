import { CommandFailed, UsageError } from '../failures.ts';
import type { Console, Input } from './console.ts';
import { openDialogue } from './prompt.ts';

const mostBytes = 16 * 1024;
const mostAttempts = 3;

/**
 * A new password, or a secret of another name: typed twice and unseen at a terminal, otherwise the one line of standard input. It is
 * taken exactly as it is, but for the line break that ends it.
 * @throws {UsageError}
 * @throws {CommandFailed}
 */
export async function readNewPassword(console: Console, name = 'password'): Promise<string> {
  if (console.stdin.isTTY !== true) return readOnlyLine(console.stdin, name);
  const dialogue = openDialogue(console, { hidden: true });
  try {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const password = await dialogue.ask(`New ${name}: `);
      if (password === (await dialogue.ask('The same again: '))) return password;
      console.note('These two differ.');
    }
    throw new CommandFailed(`No ${name} was given twice: nothing was done.`);
  } finally {
    dialogue.close();
  }
}

async function readOnlyLine(stdin: Input, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > mostBytes) throw new UsageError(`Standard input is too long for a ${name}.`);
    chunks.push(bytes);
  }
  const line = decode(Buffer.concat(chunks), name).replace(/\r?\n$/, '');
  if (line === '') {
    throw new UsageError(`No ${name} came on standard input. Give it as one line.`);
  }
  // To take the first would be to guess: the password might have been meant to be all of them.
  if (line.includes('\n')) throw new UsageError('Standard input has several lines. Give one.');
  return line;
}

function decode(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`Standard input is not UTF-8, and a ${name} is text.`);
  }
}
