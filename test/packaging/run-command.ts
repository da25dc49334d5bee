import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The environment without what the npm around the tests says, which is about another project. */
export function outsideNpm(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(npm_(command|execpath|lifecycle|node_execpath|package|config_local_prefix)|INIT_CWD|NODE_OPTIONS|NODE_TEST_CONTEXT|LATCHKEY_)/i.test(
        name,
      ),
  );
  return Object.fromEntries(kept);
}

/** Answers what the command wrote; rejects, with all of it, when the command fails. */
export async function runCommand(
  command: string,
  args: readonly string[],
  folder: string,
): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, {
      cwd: folder,
      env: outsideNpm(),
      maxBuffer: 16 * 1024 * 1024,
      timeout: 170_000,
    });
    return stdout + stderr;
  } catch (error) {
    if (!(error instanceof Error && 'stdout' in error && 'stderr' in error)) throw error;
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout}\n${error.stderr}`, {
      cause: error,
    });
  }
}
