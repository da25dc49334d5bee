import { open } from 'node:fs/promises';

/** Makes new names in a directory durable. Does nothing on Windows, which cannot open a directory and need not. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using handle = await open(directory, 'r');
  await handle.sync();
}
