import { readFileSync } from 'node:fs';

/** This package's version. package.json lies two levels up from here, in sources and when built. */
export const VERSION: string = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
).version;
