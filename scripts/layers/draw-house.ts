/** Draws `docs/images/house.svg` from the rules. `UPDATE_DOCS=1 npm test -- architecture` writes it. */
import { type LayerRules, layerRules } from './rules.ts';

/** Where a room stands on a grid of ten columns, and what it holds in a few words. */
interface Room {
  readonly row: number;
  /** First column and the one after the last. */
  readonly columns: readonly [number, number];
  readonly holds: string;
  readonly color: Color;
}

type Color = keyof typeof COLORS;

/** Fill and border. */
const COLORS = {
  blue: ['#eef2ff', '#c7d2fe'],
  green: ['#f0fdf4', '#bbf7d0'],
  orange: ['#fff7ed', '#fed7aa'],
  pink: ['#fdf2f8', '#fbcfe8'],
  yellow: ['#fefce8', '#fde68a'],
  grey: ['#f8fafc', '#cbd5e1'],
} as const;

const ROOMS: Readonly<Record<string, Room>> = {
  cli: { row: 0, columns: [0, 8], holds: 'the commands: serve, users, keys …', color: 'blue' },
  client: { row: 0, columns: [8, 10], holds: 'runs in a browser', color: 'blue' },
  server: {
    row: 1,
    columns: [0, 10],
    holds: 'the Fastify plugin and the standalone app; each feature with its routes and schemas',
    color: 'blue',
  },
  system: {
    row: 2,
    columns: [0, 10],
    holds: 'puts the parts together; background jobs; backup and restore',
    color: 'green',
  },
  store: {
    row: 3,
    columns: [0, 3],
    holds: 'SQLite and PostgreSQL',
    color: 'orange',
  },
  hasher: { row: 3, columns: [3, 5], holds: 'argon2id on threads', color: 'orange' },
  mail: { row: 3, columns: [5, 6], holds: 'SMTP', color: 'orange' },
  testing: { row: 3, columns: [8, 10], holds: 'an issuer for tests', color: 'pink' },
  auth: {
    row: 4,
    columns: [2, 6],
    holds: 'the domain: users, sessions, keys, audit',
    color: 'yellow',
  },
  guard: {
    row: 4,
    columns: [6, 10],
    holds: 'verifies tokens in front of a route',
    color: 'pink',
  },
  config: { row: 5, columns: [0, 2], holds: 'settings, checked', color: 'orange' },
  revocation: {
    row: 5,
    columns: [2, 10],
    holds: 'an entry of the revocation log, and the index that every verifier asks',
    color: 'grey',
  },
  jwt: {
    row: 6,
    columns: [0, 8],
    holds: 'keys, exact headers, signing, verification, claims, JWKS',
    color: 'grey',
  },
  kernel: {
    row: 7,
    columns: [0, 5],
    holds: 'errors, encoding, clock, options: no feature',
    color: 'grey',
  },
  fast: { row: 7, columns: [5, 8], holds: 'code that a bench defends', color: 'grey' },
  collections: { row: 7, columns: [8, 10], holds: 'a map of ids', color: 'grey' },
};

const FONT = 'font-family="ui-sans-serif, system-ui, sans-serif"';
const WIDTH = 860;
const MARGIN = 20;
const GAP = 20;
const COLUMN = (WIDTH - 2 * MARGIN + GAP) / 10;
const ROW_TOP = 20;
const ROW_PITCH = 88;
const BOX_HEIGHT = 60;
/** Distance between the places where an arrow may stand. */
const STEP = 24;

const NOTE =
  'Arrows show which room may import which. Where a longer way leads there too, the direct arrow is left out.';

/**
 * Draws the rooms and, as vertical arrows, which may import which. Where a longer way leads to a room too, the direct
 * arrow is left out.
 * @throws {Error} for a room without a place, and where an arrow would point up or cross a room
 */
export function drawHouse(rules: LayerRules = layerRules): string {
  const names = Object.keys(rules.layers);
  const rows = names.map((name) => placeOf(name).row);
  const height = ROW_TOP + Math.max(...rows) * ROW_PITCH + BOX_HEIGHT + 48;
  const arrows = names.flatMap((name) =>
    (rules.layers[name] ?? [])
      .filter((below) => !isReachedOtherwise(name, below, rules))
      .map((below) => drawArrow(name, below, names)),
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="The folders of src and which may import which">`,
    '<defs><marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="#94a3b8"/></marker></defs>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...names.map(drawRoom),
    ...arrows,
    `<text x="${WIDTH / 2}" y="${height - 18}" ${FONT} font-size="13" fill="#6b7280" text-anchor="middle">${NOTE}</text>`,
    '</svg>',
  ].join('\n')}\n`;
}

function placeOf(name: string): Room {
  const room = ROOMS[name];
  if (room === undefined) throw new Error(`${name} has no place in scripts/layers/draw-house.ts.`);
  return room;
}

function edgesOf(name: string): { left: number; right: number; top: number; bottom: number } {
  const { row, columns } = placeOf(name);
  const top = ROW_TOP + row * ROW_PITCH;
  return {
    left: MARGIN + columns[0] * COLUMN,
    right: MARGIN + columns[1] * COLUMN - GAP,
    top,
    bottom: top + BOX_HEIGHT,
  };
}

function isReachedOtherwise(from: string, to: string, rules: LayerRules): boolean {
  return (rules.layers[from] ?? []).some(
    (between) => between !== to && leadsTo(between, to, rules),
  );
}

function leadsTo(from: string, to: string, rules: LayerRules): boolean {
  return (rules.layers[from] ?? []).some((next) => next === to || leadsTo(next, to, rules));
}

function drawRoom(name: string): string {
  const { holds, color } = placeOf(name);
  const { left, right, top } = edgesOf(name);
  const [fill, stroke] = COLORS[color];
  return [
    `<rect x="${left}" y="${top}" width="${right - left}" height="${BOX_HEIGHT}" rx="8" fill="${fill}" stroke="${stroke}"/>`,
    `<text x="${left + 14}" y="${top + 25}" ${FONT} font-size="15" font-weight="600" fill="#1f2937">${name}</text>`,
    `<text x="${left + 14}" y="${top + 45}" ${FONT} font-size="12.5" fill="#6b7280">${holds}</text>`,
  ].join('');
}

/** Draws a vertical arrow that crosses no room, as near to the middle as it can stand. */
function drawArrow(from: string, to: string, names: readonly string[]): string {
  const upper = edgesOf(from);
  const lower = edgesOf(to);
  if (upper.bottom >= lower.top) throw new Error(`The arrow from ${from} to ${to} would point up.`);
  const left = Math.max(upper.left, lower.left);
  const right = Math.min(upper.right, lower.right);
  const between = names
    .map(edgesOf)
    .filter(({ top, bottom }) => top > upper.bottom && bottom < lower.top);
  const isFree = (x: number) =>
    !between.some((room) => x > room.left - GAP / 2 && x < room.right + GAP / 2);
  const candidates = Array.from(
    { length: Math.floor((right - left) / STEP) },
    (_, index) => left + (index + 0.5) * STEP,
  ).filter(isFree);
  const middle = (left + right) / 2;
  const [x] = candidates.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  if (x === undefined) throw new Error(`There is no way for an arrow from ${from} to ${to}.`);
  return `<line x1="${x}" y1="${upper.bottom}" x2="${x}" y2="${lower.top - 2}" stroke="#94a3b8" stroke-width="1.6" marker-end="url(#a)"/>`;
}
