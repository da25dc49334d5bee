import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { drawHouse } from '../../scripts/layers/draw-house.ts';
import { layerRules } from '../../scripts/layers/rules.ts';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/architecture.md', root), 'utf8');

/** To fix a failure: `UPDATE_DOCS=1 npm test -- architecture` draws the picture. */
test('the picture of the house shows the rules', () => {
  const picture = new URL('docs/images/house.svg', root);
  const drawn = drawHouse();
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(picture, drawn);
  else assert.equal(readFileSync(picture, 'utf8'), drawn);
});

test('the picture changes with the rules', () => {
  const { layers } = layerRules;
  const changed = {
    ...layerRules,
    layers: { ...layers, server: [...(layers['server'] ?? []), 'fast', 'client'] },
  };
  assert.throws(() => drawHouse(changed), /from server to client would point up/);
  assert.throws(
    () => drawHouse({ ...layerRules, layers: { ...layers, attic: [] } }),
    /attic has no place/,
  );
  const { client: _, ...fewer } = layers;
  assert.notEqual(drawHouse({ ...layerRules, layers: fewer }), drawHouse());
});

test('the architecture describes each room, and what it may import', () => {
  const [, table = ''] = /<!-- rooms: .*-->\n([\s\S]*?)<!-- \/rooms -->/.exec(page) ?? [];
  const described = [...table.matchAll(/^\| `src\/([a-z]+)\/` \| (.*?) \|/gm)].map(
    ([, room = '', imports = '']) => [room, imports],
  );
  const expected = Object.entries(layerRules.layers).map(([room, imports]) => [
    room,
    imports.join(', ') || '–',
  ]);
  assert.deepEqual(Object.fromEntries(described), Object.fromEntries(expected));
});

test('the files that the documents name are there', () => {
  for (const name of [
    'docs/architecture.md',
    'CONTRIBUTING.md',
    'docs/decisions.md',
    'SECURITY.md',
  ]) {
    const text = readFileSync(new URL(name, root), 'utf8');
    const paths = text.matchAll(/`((?:src|test|scripts|bench|docs|examples|packages)\/[\w./-]+)`/g);
    for (const [, path = ''] of paths)
      assert.ok(existsSync(new URL(path, root)), `${name}: ${path}`);
  }
});
