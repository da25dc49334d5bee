/** Child processes that answer one question at a time. */
import { fork } from 'node:child_process';
import { atExit } from './cleanup.ts';

/** An answer that takes longer will not come. */
const ANSWER_LIMIT_MS = 120_000;

type Reply = { readonly answer: unknown } | { readonly error: string };

export interface Child<Question, Answer> {
  readonly pid: number;
  /** @throws {Error} what the child threw, or that it ended or took too long */
  ask(question: Question): Promise<Answer>;
  stop(): void;
}

/** Runs a file that calls {@link answerParent}. The child ends when this process ends, in whatever way. */
export function startChild<Question extends object, Answer>(file: URL): Child<Question, Answer> {
  const process = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const forget = atExit(() => process.kill('SIGKILL'));
  process.once('exit', forget);
  return {
    pid: process.pid ?? 0,
    ask: (question) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => finish({ error: 'It took too long.' }), ANSWER_LIMIT_MS);
        const finish = (reply: Reply) => {
          clearTimeout(timer);
          process.off('message', finish).off('exit', fail);
          if ('error' in reply) reject(new Error(`${file.pathname}: ${reply.error}`));
          // Messages between processes are untyped; both sides name the same types.
          else resolve(reply.answer as Answer);
        };
        const fail = () => finish({ error: 'It ended before it answered.' });
        process.on('message', finish).on('exit', fail);
        process.send(question);
      }),
    stop: () => {
      process.kill('SIGKILL');
    },
  };
}

/** Called in the child: answers every question, and exits when the parent does. */
export function answerParent<Question>(answer: (question: Question) => Promise<unknown>): void {
  process.on('disconnect', () => process.exit());
  process.on('message', async (question: Question) => {
    process.send?.(await toReply(answer(question)));
  });
}

async function toReply(answer: Promise<unknown>): Promise<Reply> {
  try {
    return { answer: await answer };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
