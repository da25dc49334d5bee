import { CommandFailed, UsageError } from '../failures.ts';
import type { Console, Input } from './console.ts';
import { openPrompt } from './prompt.ts';

const MAX_INPUT_BYTES = 16 * 1024;
const MAX_ATTEMPTS = 3;

/**
 * Reads a new password, or another secret. At a terminal it is typed twice and not shown; otherwise it is the only line
 * of standard input. Only the line break at its end is removed.
 * @param name what to call it in prompts and messages
 * @throws {UsageError} if standard input does not contain exactly one line of text
 * @throws {CommandFailed} if the person cancels, or types two different ones three times
 */
export async function readNewPassword(console: Console, name = 'password'): Promise<string> {
  if (console.stdin.isTTY !== true) return readOnlyLine(console.stdin, name);
  const prompt = openPrompt(console, { hidden: true });
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const password = await prompt.ask(`New ${name}: `);
      if (password === (await prompt.ask(`Repeat the ${name}: `))) return password;
      console.note('They do not match. Try again.');
    }
    throw new CommandFailed(
      `The two entries did not match ${MAX_ATTEMPTS} times. Nothing was changed.`,
    );
  } finally {
    prompt.close();
  }
}

async function readOnlyLine(stdin: Input, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_INPUT_BYTES) throw new UsageError(`Standard input is too long for a ${name}.`);
    chunks.push(bytes);
  }
  const line = decode(Buffer.concat(chunks), name).replace(/\r?\n$/, '');
  if (line === '') {
    throw new UsageError(`Standard input is empty. Write the ${name} to it as one line.`);
  }
  // Taking the first line would be a guess: all of them may be meant.
  if (line.includes('\n'))
    throw new UsageError(`Standard input has several lines. Write the ${name} to it as one line.`);
  return line;
}

function decode(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`Standard input is not valid UTF-8. The ${name} must be text.`);
  }
}
