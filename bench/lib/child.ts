/** A process of the bench's own, asked one question at a time. */
import { fork } from 'node:child_process';
import { atExit } from './cleanup.ts';

/** Nothing that is asked takes longer, or it hangs; ms. */
const PATIENCE = 120_000;

type Reply = { readonly answer: unknown } | { readonly error: string };

export interface Child<Question, Answer> {
  readonly pid: number;
  /** @throws {Error} what the child threw, or that it ended or took too long */
  ask(question: Question): Promise<Answer>;
  stop(): void;
}

/** Runs a file that calls {@link answerParent}. It ends with this process, however that ends. */
export function startChild<Question extends object, Answer>(file: URL): Child<Question, Answer> {
  const process = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const forget = atExit(() => process.kill('SIGKILL'));
  process.once('exit', forget);
  return {
    pid: process.pid ?? 0,
    ask: (question) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => finish({ error: 'It took too long.' }), PATIENCE);
        const finish = (reply: Reply) => {
          clearTimeout(timer);
          process.off('message', finish).off('exit', fail);
          if ('error' in reply) reject(new Error(`${file.pathname}: ${reply.error}`));
          // Both sides name the same types; what travels between them has none.
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

/** The child's side: answers every question, and ends when the parent is gone. */
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
