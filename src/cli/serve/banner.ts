import type { Notice } from '../../auth/notice.ts';
import type { Settings } from '../../config/settings.ts';
import { defaultIssuer } from '../../config/values/web-address.ts';
import { isLoopback } from '../../kernel/encoding/loopback.ts';
import { VERSION } from '../../server/version.ts';
import type { Call } from '../shell/command.ts';
import { printWarnings } from '../shell/terminal/print-notices.ts';
import { type DataFiles, listDataFiles } from './data-files.ts';

interface BannerDetails {
  /** The files that this start created. */
  readonly created: readonly (keyof DataFiles)[];
  /** The ids of the serving processes. */
  readonly pids: readonly number[];
  /** Notices about the start. Default: none. */
  readonly notices?: readonly Notice[];
}

/** Prints the address of the server, where its data is, and what to try first. */
export function printBanner(
  { console, flags }: Pick<Call, 'console' | 'flags'>,
  settings: Settings,
  { created, pids, notices = [] }: BannerDetails,
): void {
  const { host, port, issuer } = settings;
  const url = defaultIssuer(host, port);
  const files = listDataFiles(settings);
  printWarnings(console, notices);
  if (!isLoopback(host) && issuer.startsWith('http:')) {
    console.warn(
      `other machines can reach ${host}, and passwords and tokens are sent unencrypted. Put a proxy with TLS in front of the server and set --issuer https://…`,
    );
  }
  if (flags.has('json')) {
    const docs = `${url}/docs`;
    const { pid } = process;
    console.printJson({
      url,
      docs,
      issuer,
      ...files,
      created,
      notices: notices.map(({ text }) => text),
      pid,
      pids,
      version: VERSION,
    });
    return;
  }
  const fresh = (file: keyof DataFiles) =>
    created.includes(file) ? console.strong(' (created)') : '';
  const rows = [
    ['Workers', pids.length > 1 ? pids.join(', ') : undefined],
    ['API docs', `${url}/docs`],
    ['Issuer', issuer === url ? undefined : issuer],
    ['Database', `${describeDatabase(settings, files)}${fresh('database')}`],
    ['Secret', files.secret && `${files.secret}${fresh('secret')}`],
  ] as const;
  console.print(`Latchkey ${VERSION} listens on ${console.strong(url)}`);
  console.print();
  for (const [label, text] of rows) {
    if (text !== undefined) console.print(`  ${label.padEnd(10)}${text}`);
  }
  console.print();
  for (const { text } of notices.filter(({ level }) => level === 'info')) {
    console.print(text);
    console.print();
  }
  console.print(created.length > 0 ? 'Register your first user:' : 'Register a user:');
  console.print(
    [
      `  curl -s ${url}/auth/register -H 'Content-Type: application/json' \\`,
      `    -d '{"username": "jane", "password": "correct horse"}'`,
    ].join('\n'),
  );
  console.print();
  console.print(console.faint('Press Ctrl-C to stop.'));
}

function describeDatabase({ database }: Settings, files: DataFiles): string {
  if (files.database !== undefined) return files.database;
  return database.kind === 'sqlite' ? 'in memory, lost when the server stops' : 'PostgreSQL';
}
