import { statSync } from 'node:fs';
import { CommandFailed } from '../../shell/failures.ts';

/**
 * Whether there is a file at the path of a database. A path that this user may not read is an error and not "absent":
 * an operator with too few rights must not go looking for lost data.
 * @throws {CommandFailed} if the path is not a file or cannot be read
 */
export function hasDatabaseFile(path: string): boolean {
  try {
    if (statSync(path).isFile()) return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') return false;
    throw new CommandFailed(describe(path, code));
  }
  throw new CommandFailed(
    `${path} is not a file, so it cannot be a database. Name the file: --database-url sqlite:<path>, or its folder: --data-dir <path>`,
  );
}

function describe(path: string, code: string): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `This user may not read the folder of ${path} (${code}). Run the command as the user who runs the server: sudo -u <user> latchkey …`;
    case 'ENOTDIR':
      return `A part of the path ${path} is a file, not a folder (${code}). Correct it: --data-dir <path>`;
    case 'ELOOP':
      return `${path} contains symbolic links that form a loop (${code}). Correct the links.`;
    case 'ENAMETOOLONG':
      return `The path ${path} is too long (${code}). Name a shorter one: --data-dir <path>`;
    default:
      return `${path} cannot be read (${code}). Check the disk and the permissions of its folder.`;
  }
}
