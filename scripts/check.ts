/** `npm run check`: every static check and no test. */
import { createChecks, runChecks } from './steps.ts';

const failed = await runChecks(createChecks());
if (failed.length > 0) process.exitCode = 1;
