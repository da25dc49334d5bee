import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { Console } from '../../src/cli/shell/terminal/console.ts';
import { createProgress } from '../../src/cli/shell/terminal/progress.ts';

async function show(isTTY: boolean, steps: readonly number[], total: number): Promise<string> {
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const progress = createProgress(new Console({ argv: [], env: {}, stdin, stdout, stderr }));
  for (const done of steps) progress(done, total);
  stderr.end();
  return await text(stderr);
}

const everyStep = Array.from({ length: 1_000 }, (_, i) => i + 1);

test('At a terminal, progress is a bar that grows on one line', async () => {
  const shown = await show(true, everyStep, 1_000);
  const bars = shown.split('\r').slice(1);
  assert.equal(bars.length, 101, 'drawn once for each percent');
  assert.match(bars[50] ?? '', /^█{15}░{15} {2}50 %$/);
  assert.match(bars[100] ?? '', /^█{30} 100 %\n$/);
});

test('Without a terminal, progress is a few lines', async () => {
  assert.equal(
    await show(false, everyStep, 1_000),
    [
      '25 % (250 of 1000 rows)',
      '50 % (500 of 1000 rows)',
      '75 % (750 of 1000 rows)',
      '100 % (1000 of 1000 rows)',
      '',
    ].join('\n'),
  );
});

test('A task with no rows is complete', async () => {
  assert.equal(await show(false, [0], 0), '100 % (0 of 0 rows)\n');
});
