/**
 * `npm run bench [NAME…]`: measures Latchkey beside its peers on this machine; all, or those named.
 *
 *     --quick      few and short rounds, to see that it works
 *     --markdown   print tables as docs/performance.md has them
 *     --update     put the tables and their pictures into docs/performance.md
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench } from './lib/bench.ts';
import { installCleanup } from './lib/cleanup.ts';
import { updateDocument, writePictures } from './lib/report/document.ts';
import { clearProgress, formatMarkdown, formatTable } from './lib/report/report.ts';
import { administration } from './measurements/administration.ts';
import { auditSearch } from './measurements/audit-search.ts';
import { enumeration } from './measurements/enumeration.ts';
import { fastPaths } from './measurements/fast-paths.ts';
import { frameworks } from './measurements/frameworks.ts';
import { loginStorm } from './measurements/login-storm.ts';
import { overload } from './measurements/overload.ts';
import { population } from './measurements/population.ts';
import { protectedRoute } from './measurements/protected-route.ts';
import { refresh } from './measurements/refresh.ts';
import { refreshPostgres } from './measurements/refresh-postgres.ts';
import { revocation } from './measurements/revocation.ts';
import { revocationNodes } from './measurements/revocation-nodes.ts';
import { sessions } from './measurements/sessions.ts';
import { startup } from './measurements/startup.ts';
import { verify } from './measurements/verify.ts';

const benches: readonly Bench[] = [
  verify,
  fastPaths,
  protectedRoute,
  frameworks,
  loginStorm,
  overload,
  enumeration,
  refresh,
  refreshPostgres,
  population,
  sessions,
  auditSearch,
  administration,
  revocation,
  revocationNodes,
  startup,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    markdown: { type: 'boolean' },
    update: { type: 'boolean' },
  },
});
const unknown = positionals.filter((name) => benches.every((bench) => bench.name !== name));
if (unknown.length > 0) {
  console.error(`There is no measurement ${unknown.join(', ')}. There are:`);
  for (const { name, summary } of benches) console.error(`  ${name.padEnd(16)}  ${summary}`);
  process.exit(2);
}

installCleanup();
const [processor] = cpus();
const machine = `${availableParallelism()} cores (${processor?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node.js ${process.version}`;
console.log(`${machine}\n`);

const results = join(import.meta.dirname, 'results');
mkdirSync(results, { recursive: true });
for (const bench of benches) {
  if (positionals.length > 0 && !positionals.includes(bench.name)) continue;
  const tables = await bench.run({ quick: values.quick ?? false });
  clearProgress();
  const markdown = [...tables.map(formatMarkdown), `Measured on ${machine}.`].join('\n');
  console.log(values.markdown ? `${markdown}\n` : tables.map(formatTable).join('\n'));
  writeFileSync(join(results, `${bench.name}.md`), `${markdown}\n`);
  const plots = tables.flatMap((table) => table.plots ?? []);
  writePictures(results, plots);
  if (values.update) updateDocument(bench.name, markdown, plots);
}
process.exit(0);
