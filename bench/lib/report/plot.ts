/** Bar charts as self-contained SVG, for light and dark pages. */
import { formatNumber } from './format-number.ts';

export interface Plot {
  /** Names the file, `bench-NAME.svg`. Unique among all plots. */
  readonly name: string;
  readonly title: string;
  /** What the length of a bar counts, such as `requests/s`. */
  readonly unit: string;
  readonly groups: readonly PlotGroup[];
  /** A vertical line through all groups, such as an aim. */
  readonly mark?: { readonly value: number; readonly label: string };
}

export interface PlotGroup {
  readonly label: string;
  readonly bars: readonly PlotBar[];
}

/** Values are 0 or more. */
export interface PlotBar {
  readonly label: string;
  readonly value: number;
  /** The least and the greatest round. */
  readonly low: number;
  readonly high: number;
  /** Whether it is ours, and so highlighted. */
  readonly own?: boolean;
}

const WIDTH = 860;
const MARGIN = 20;
const HEADER = 82;
const GROUP_HEADER = 30;
const ROW = 26;
const BAR = 16;
const GROUP_GAP = 12;
const FOOTER = 50;
/** One extreme round must not shrink all bars: range lines are cut at this multiple of the greatest bar. */
const BEYOND = 1.5;
/** Text cannot be measured here, so this is the width of a character in the widest of the fonts. */
const CHARACTER_PX = 8.2;

const style = `
    text { font-family: ui-sans-serif, system-ui, sans-serif; font-size: 13px; fill: #1f2937; }
    .title { font-size: 17px; font-weight: 700; }
    .group { font-size: 14px; font-weight: 600; }
    .figure { font-weight: 600; font-variant-numeric: tabular-nums; }
    .muted { font-size: 12px; fill: #6b7280; }
    .ground { fill: #ffffff; }
    .own { fill: #6366f1; }
    .other { fill: #b6c2d2; }
    .grid { stroke: #e5e7eb; }
    .range { stroke: #374151; stroke-width: 1.5; }
    .mark { stroke: #dc2626; stroke-width: 1.5; stroke-dasharray: 5 4; }
    .mark-label { font-size: 12px; fill: #dc2626; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e5e7eb; }
      .muted { fill: #9ca3af; }
      .ground { fill: #0f172a; }
      .own { fill: #818cf8; }
      .other { fill: #475569; }
      .grid { stroke: #1e293b; }
      .range { stroke: #e5e7eb; }
      .mark { stroke: #f87171; }
      .mark-label { fill: #f87171; }
    }`;

/** The picture as the text of an SVG file. */
export function drawPlot(plot: Plot): string {
  const { title, unit, groups, mark } = plot;
  const bars = groups.flatMap((group) => group.bars);
  const left = Math.round(MARGIN + findWidth(bars.map((bar) => bar.label)) + 10);
  const figures = bars.map((bar) => formatNumber(bar.value));
  const right = Math.round(WIDTH - MARGIN - findWidth(figures) - 14);
  const highest = Math.max(mark?.value ?? 0, ...bars.map((bar) => bar.value));
  const greatest = Math.max(highest, ...bars.map((bar) => bar.high));
  const ticks = createTicks(Math.min(greatest, BEYOND * highest));
  const most = ticks.at(-1) ?? 1;
  const toX = (value: number) => round(left + Math.min(1, value / most) * (right - left));
  const isCut = greatest > most;
  const rows = groups.reduce((sum, group) => sum + GROUP_HEADER + group.bars.length * ROW, 0);
  const bottom = HEADER + rows + GROUP_GAP * (groups.length - 1);
  const height = bottom + FOOTER;

  const lines: string[] = [];
  for (const tick of ticks) {
    const x = toX(tick);
    lines.push(
      `<line class="grid" x1="${x}" y1="${HEADER}" x2="${x}" y2="${bottom}"/>`,
      `<text class="muted" x="${x}" y="${bottom + 18}" text-anchor="middle">${formatTick(tick)}</text>`,
    );
  }
  let y = HEADER;
  for (const group of groups) {
    lines.push(`<text class="group" x="${MARGIN}" y="${y + 20}">${toMarkup(group.label)}</text>`);
    y += GROUP_HEADER;
    for (const bar of group.bars) {
      lines.push(...drawBar(bar, y + ROW / 2, left, most, toX));
      y += ROW;
    }
    y += GROUP_GAP;
  }
  if (mark !== undefined) lines.push(...drawMark(mark, toX(mark.value), bottom));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">
  <title id="title">${toMarkup(title)}</title>
  <desc id="description">${toMarkup(describe(plot))}</desc>
  <style>${style}
  </style>
  <rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>
  <text class="title" x="${MARGIN}" y="34">${toMarkup(title)}</text>
  <text class="muted" x="${MARGIN}" y="54">${toMarkup(unit)}</text>
  ${lines.join('\n  ')}
  <text class="muted" x="${MARGIN}" y="${height - 12}">Bars are medians; the thin lines go from the least round to the greatest${isCut ? ', and beyond the picture where they have no end' : ''}.</text>
</svg>
`;
}

function drawBar(
  { label, value, low, high, own = false }: PlotBar,
  middle: number,
  left: number,
  most: number,
  toX: (value: number) => number,
): string[] {
  const width = Math.max(1, round(toX(value) - left));
  const range = `M${toX(low)} ${middle}H${toX(high)}M${toX(low)} ${middle - 4}v8`;
  const end = high > most ? '' : `M${toX(high)} ${middle - 4}v8`;
  return [
    `<text x="${left - 10}" y="${middle + 4.5}" text-anchor="end"${own ? ' class="figure"' : ''}>${toMarkup(label)}</text>`,
    `<rect class="${own ? 'own' : 'other'}" x="${left}" y="${middle - BAR / 2}" width="${width}" height="${BAR}" rx="2"/>`,
    `<path class="range" fill="none" d="${range}${end}"/>`,
    `<text class="figure" x="${WIDTH - MARGIN}" y="${middle + 4.5}" text-anchor="end">${formatNumber(value)}</text>`,
  ];
}

function drawMark({ label }: { readonly label: string }, x: number, bottom: number): string[] {
  const anchor = x > WIDTH / 2 ? 'end' : 'start';
  return [
    `<line class="mark" x1="${x}" y1="${HEADER - 4}" x2="${x}" y2="${bottom}"/>`,
    `<text class="mark-label" x="${x}" y="${HEADER - 9}" text-anchor="${anchor}">${toMarkup(label)}</text>`,
  ];
}

/** For who does not see it: every figure that is drawn. */
function describe({ unit, groups }: Plot): string {
  const told = groups.map(({ label, bars }) => {
    const list = bars.map((bar) => `${bar.label} ${formatNumber(bar.value)}`);
    return `${label}: ${list.join(', ')}.`;
  });
  return `${unit}. ${told.join(' ')}`;
}

function findWidth(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length)) * CHARACTER_PX;
}

/** Round numbers from 0 to `most` or just above. */
function createTicks(most: number): number[] {
  const rough = (most > 0 ? most : 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10);
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: Math.max(1, count) + 1 }, (_, index) => index * step);
}

function formatTick(value: number): string {
  return value.toLocaleString('en', { notation: 'compact', maximumFractionDigits: 2 });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function toMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
