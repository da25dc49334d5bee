/**
 * Writes `src/auth/credentials/passwords/common-passwords.json` from the list in the package
 * `@zxcvbn-ts/language-common`, which is unpacked in the given folder. The list seldom changes, so the package is not
 * a dependency:
 *
 *     npm pack @zxcvbn-ts/language-common && tar -xzf zxcvbn-ts-language-common-*.tgz
 *     node scripts/build-common-passwords.ts package
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.ts';

/** Shorter ones are refused for their length. */
const SHORTEST = 8;
const TARGET = 'src/auth/credentials/passwords/common-passwords.json';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Name the folder of the unpacked package.');
const list: unknown = JSON.parse(readFileSync(join(folder, 'src/passwords.json'), 'utf8'));
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const licence = readFileSync(join(folder, 'LICENSE.txt'), 'utf8').trim();
if (!Array.isArray(list) || !list.every((it) => typeof it === 'string')) {
  throw new Error('The package has no list of passwords.');
}
const entries = [...new Set(list)].filter((it) => it.length >= SHORTEST).sort();
const odd = entries.find((it) => !/^[\x21-\x7e]+$/.test(it) || it !== it.toLowerCase());
if (odd !== undefined)
  throw new Error('An entry is not lower-case ASCII. The search relies on it.');
const document = {
  source: `The entries of ${SHORTEST} or more characters in the list of @zxcvbn-ts/language-common ${version}, sorted.`,
  licence: licence.split(/\r?\n/),
  passwords: entries,
};
writeFileSync(join(root, TARGET), `${JSON.stringify(document, null, 2)}\n`);
console.log(`${TARGET}: ${entries.length} passwords`);
