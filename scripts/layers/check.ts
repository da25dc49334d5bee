import { existsSync, globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { findCycles } from './cycles.ts';
import { type LayerRules, layerRules } from './rules.ts';
import { type Found, scanSource } from './scan.ts';

export interface LayerReport {
  /** How many files were read. */
  readonly files: number;
  /** One line each, `path:line what is wrong`. */
  readonly problems: readonly string[];
}

/** Compares every import below `root` with the rules, and looks for cycles in all areas. */
export function checkLayers(root: string, rules: LayerRules = layerRules): LayerReport {
  const problems: string[] = [];
  const graph = new Map<string, string[]>();
  const paths = Object.keys(rules.areas)
    .filter((area) => existsSync(join(root, area)))
    .flatMap((area) => globSync(`${area}/**/*.{ts,mts,js,mjs}`, { cwd: root, exclude: isSkipped }))
    .map((path) => path.replaceAll('\\', '/'))
    .sort();

  for (const path of paths) {
    const area = topOf(path);
    const { imports, ambient } = scanSource(path, readFileSync(join(root, path), 'utf8'));
    for (const found of imports) {
      const problem = found.what.startsWith('.')
        ? checkPath(path, resolveFrom(path, found), rules)
        : checkPackage(path, found.what, rules);
      if (problem) problems.push(`${path}:${found.line} imports ${found.what}: ${problem}`);
    }
    graph.set(
      path,
      imports.filter(({ what }) => what.startsWith('.')).map((found) => resolveFrom(path, found)),
    );
    if (area !== 'src') continue;
    if (layerOf(path, rules) === undefined) {
      problems.push(`${path}:1 belongs to no layer: give it a row in scripts/layers/rules.ts`);
    }
    if (Object.hasOwn(rules.ambient, path)) continue;
    for (const { what, line } of ambient) {
      problems.push(
        `${path}:${line} reads ${what}: take a Clock or Random (src/auth/ports/store.ts) instead`,
      );
    }
  }
  for (const cycle of findCycles(graph)) problems.push(`${cycle[0]}:1 cycle: ${cycle.join(' → ')}`);
  return { files: paths.length, problems };
}

function checkPath(from: string, to: string, rules: LayerRules): string | undefined {
  const area = topOf(from);
  const reachable = rules.areas[area] ?? [];
  if (!reachable.includes(topOf(to)) && !isSeam(from, to, rules)) {
    const advice = rules.publicUsers.includes(area) ? `; import Latchkey by 'latchkey/…'` : '';
    return `${area} may reach into ${reachable.join(', ')} only${advice}`;
  }
  if (area !== 'src') return undefined;
  const layer = layerOf(from, rules);
  const other = layerOf(to, rules);
  if (layer === undefined || other === undefined || layer === other) return undefined;
  const allowed = rules.layers[layer] ?? [];
  if (allowed.includes(other)) return undefined;
  return `${layer} may import ${allowed.length > 0 ? `${allowed.join(', ')} only` : 'no other layer'}`;
}

function isSeam(from: string, to: string, { seams }: LayerRules): boolean {
  return Object.hasOwn(seams, from) && seams[from]?.to.includes(to) === true;
}

function checkPackage(from: string, specifier: string, rules: LayerRules): string | undefined {
  const area = topOf(from);
  if (/^latchkey(\/|$)/.test(specifier)) {
    if (rules.publicUsers.includes(area)) return undefined;
    return `${area} must not go through the package's own name`;
  }
  if (area !== 'src') return undefined;
  const isBare = builtinModules.includes(specifier) && !specifier.startsWith('node:');
  const name = isBare ? `node:${specifier}` : specifier;
  for (const { names, only } of rules.packages) {
    if (!names.some((pattern) => isNamed(name, pattern))) continue;
    if (!only.some((place) => isWithin(from, place))) return `only ${only.join(', ')} may`;
  }
  return undefined;
}

/** `@scope/*` names all of a scope; any name covers the package's subpaths too. */
function isNamed(specifier: string, pattern: string): boolean {
  if (pattern.endsWith('/*')) return specifier.startsWith(pattern.slice(0, -1));
  return specifier === pattern || specifier.startsWith(`${pattern}/`);
}

function isWithin(path: string, place: string): boolean {
  return path.startsWith(`${place}/`) || path === `${place}.ts`;
}

function isSkipped(path: string): boolean {
  return path.endsWith('node_modules');
}

function resolveFrom(path: string, { what }: Found): string {
  return posix.join(posix.dirname(path), what);
}

function topOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function layerOf(path: string, rules: LayerRules): string | undefined {
  return Object.keys(rules.layers).find((layer) => isWithin(path, `src/${layer}`));
}
