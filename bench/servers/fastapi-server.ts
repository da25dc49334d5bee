/** Starts fastapi-app.py, if this machine has what it needs. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atExit } from '../lib/cleanup.ts';
import type { CpuTime } from './server-process.ts';

/** The system's Python finds the packages of the distribution; another one may not. */
const CANDIDATES = ['python3', '/usr/bin/python3'];
const FIND = `
import platform, fastapi, uvicorn, jwt
try:
    import uvloop, httptools
    speed = 'uvloop and httptools'
except ImportError:
    speed = 'asyncio and h11'
print(f'FastAPI {fastapi.__version__}, uvicorn {uvicorn.__version__} ({speed}), PyJWT {jwt.__version__}, Python {platform.python_version()}')
`;

export interface Python {
  readonly command: string;
  /** For the notes of a table: FastAPI, its server and Python. */
  readonly versions: string;
}

/** A Python that has FastAPI, uvicorn and PyJWT; undefined where there is none. */
export function findPython(): Python | undefined {
  for (const command of CANDIDATES) {
    const { status, stdout } = spawnSync(command, ['-c', FIND], { encoding: 'utf8' });
    if (status === 0) return { command, versions: stdout.trim() };
  }
  return undefined;
}

export interface FastApi {
  readonly pid: number;
  readonly port: number;
  readonly accessToken: string;
  readonly refreshToken: string;
  readCpu(): Promise<CpuTime>;
  stop(): void;
}

/** Starts it, and checks that login and refresh work. */
export async function startFastApi({ command }: Python): Promise<FastApi> {
  const file = fileURLToPath(new URL('./fastapi-app.py', import.meta.url));
  const child = spawn(command, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const forget = atExit(() => child.kill('SIGKILL'));
  child.once('exit', forget);
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  const origin = `http://127.0.0.1:${port}`;
  const login = await ask(`${origin}/login`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'user-0', password: 'correct horse battery' }),
  });
  const refreshed = await ask(`${origin}/refresh`, {
    method: 'POST',
    body: JSON.stringify({ refresh_token: login['refresh_token'] }),
  });
  return {
    pid: child.pid ?? 0,
    port,
    accessToken: String(refreshed['access_token']),
    refreshToken: String(refreshed['refresh_token']),
    async readCpu() {
      const { process, eventLoop } = await ask(`${origin}/cpu`);
      return { process: Number(process), eventLoop: Number(eventLoop) };
    },
    stop: () => {
      child.kill('SIGKILL');
    },
  };
}

async function ask(url: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  return response.json() as Promise<Record<string, unknown>>;
}
