import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventStreamReader, type StreamEvent } from '../../src/guard/feed/event-stream.ts';

/** What the stream says when it comes in these pieces. */
function read(...pieces: (string | Uint8Array)[]): {
  events: StreamEvent[];
  id: string | undefined;
} {
  const events: StreamEvent[] = [];
  const reader = new EventStreamReader((event) => events.push(event));
  for (const piece of pieces) reader.push(Buffer.from(piece));
  return { events, id: reader.lastId };
}

const message = (data: string, name = 'message'): StreamEvent => ({ name, data });

test('an event ends with an empty line, with each kind of line break', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const text = [
      'event: revoked',
      'data: [1]',
      'id: 7',
      '',
      'data:x',
      'data: y',
      '',
      'data: z',
      '',
    ]
      .join(end)
      .concat(end === '\r' ? ' ' : '');
    const { events, id } = read(text);
    assert.deepEqual(events, [message('[1]', 'revoked'), message('x\ny')], JSON.stringify(end));
    assert.equal(id, '7');
  }
});

test('it does not matter where the chunks are cut', () => {
  const text =
    ':\r\n\r\nid: 12\r\nevent: revoked\r\ndata: [“ä😀”]\r\n\r\nid: 13\n\ndata\rdata: b\r\r:\n';
  const whole = read(text);
  assert.deepEqual(whole.events, [message('[“ä😀”]', 'revoked'), message('\nb')]);
  assert.equal(whole.id, '13');
  const bytes = Buffer.from(text);
  for (let at = 1; at < bytes.length; at++) {
    assert.deepEqual(read(bytes.subarray(0, at), bytes.subarray(at)), whole, `cut at ${at}`);
  }
  const single = [...bytes].map((byte) => Uint8Array.of(byte));
  assert.deepEqual(read(...single), whole);
});

test('an id counts once its event is complete, with or without data', () => {
  assert.equal(read('id: 1\n').id, undefined);
  assert.equal(read('id: 1\n\n').id, '1');
  assert.equal(read('id: 1\n\nid: 2\ndata: x\n').id, '1');
  assert.equal(read('id: 1\n\ndata: x\n\n').id, '1');
  assert.equal(read('id: 1\n\nid: 2\0\n\n').id, '1');
  for (const none of ['', '-1', '1.5', 'x', '1 ', '9'.repeat(16)]) {
    assert.equal(read(`id: 1\n\nid: ${none}\n\n`).id, '1', none);
  }
});

test('an id does not count if its event could not be handled', () => {
  const reader = new EventStreamReader(() => {
    throw new Error('not taken');
  });
  assert.throws(() => reader.push(Buffer.from('id: 5\ndata: x\n\n')), /not taken/);
  assert.equal(reader.lastId, undefined);
});

test('comments, unknown fields and events without data are ignored', () => {
  const { events } = read(':x\nretry: 1\nfoo: bar\nevent: e\n\n\n\n:data: x\n\ndata: y\n\n');
  assert.deepEqual(events, [message('y')]);
});

test('a byte order mark does not belong to the first line', () => {
  assert.deepEqual(read('\uFEFFdata: x\n\n').events, [message('x')]);
});

test('bytes that are not UTF-8 are refused', () => {
  assert.throws(() => read(Buffer.from('data: \xff\n\n', 'latin1')), TypeError);
});

test('endless lines and events are refused before they fill the memory', () => {
  const mebibyte = 'x'.repeat(2 ** 20);
  assert.throws(() => read(mebibyte), RangeError);
  assert.throws(() => read(`data: ${mebibyte}\n\n`), RangeError);
  const kibibytes = Array.from({ length: 600 }, () => `data: ${'x'.repeat(1024)}\n`);
  assert.throws(() => read(...kibibytes), RangeError);
  const endless = Array.from({ length: 10_000 }, () => 'x'.repeat(64));
  assert.throws(() => read(...endless), RangeError);
  assert.equal(read(`data: ${'x'.repeat(200_000)}\n\n`).events.length, 1);
});
