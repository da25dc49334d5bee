import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseSync } from 'oxc-parser';

/** A node of the syntax tree, as far as it is looked at here. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

/** A name of another module: `*` is all of it. */
export interface Reference {
  readonly path: string;
  readonly name: string;
}

interface Comment {
  readonly type: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** What one source file declares, imports and exports. */
export interface Module {
  readonly path: string;
  readonly text: string;
  readonly comments: readonly Comment[];
  /** Declarations at the top level by name. Overloads are several. */
  readonly declarations: ReadonlyMap<string, readonly Declaration[]>;
  /** Where imported names come from. Those of packages are absent. */
  readonly imports: ReadonlyMap<string, Reference>;
  /** Names that come from packages. */
  readonly foreign: ReadonlySet<string>;
  /** What each exported name is: in this file, or in another one. */
  readonly exports: ReadonlyMap<string, Reference>;
  /** Files all of whose names are exported. */
  readonly exportsAllOf: readonly string[];
}

export interface Declaration {
  readonly node: Node;
  /** The text of the comment right before it, or undefined. */
  readonly comment: string | undefined;
}

const cache = new Map<string, Module>();

/** Reads one source file. */
export function readModule(path: string): Module {
  const known = cache.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(path, 'utf8');
  const { program, comments } = parseSync(path, text);
  const declarations = new Map<string, Declaration[]>();
  const imports = new Map<string, Reference>();
  const foreign = new Set<string>();
  const exports = new Map<string, Reference>();
  const exportsAllOf: string[] = [];
  const toPath = (source: string) => resolve(dirname(path), source);
  const commentBefore = (start: number) => findComment({ text, comments }, start);

  const declare = (node: Node, start: number): readonly string[] => {
    const names = namesOf(node);
    for (const name of names) {
      const declaration = { node, comment: commentBefore(start) };
      declarations.set(name, [...(declarations.get(name) ?? []), declaration]);
    }
    return names;
  };

  for (const statement of program.body as unknown as readonly Node[]) {
    if (statement.type === 'ImportDeclaration') {
      const source = sourceOf(statement) ?? '';
      for (const specifier of statement['specifiers'] as readonly Node[]) {
        const local = nameOf(specifier['local']);
        const imported = specifier.type === 'ImportSpecifier' ? nameOf(specifier['imported']) : '*';
        if (source.startsWith('.')) imports.set(local, { path: toPath(source), name: imported });
        else foreign.add(local);
      }
    } else if (statement.type === 'ExportAllDeclaration') {
      exportsAllOf.push(toPath(sourceOf(statement) ?? ''));
    } else if (statement.type === 'ExportNamedDeclaration') {
      const source = sourceOf(statement);
      if (statement['declaration'] != null) {
        const names = declare(statement['declaration'] as Node, statement.start);
        for (const name of names) exports.set(name, { path, name });
      }
      for (const specifier of statement['specifiers'] as readonly Node[]) {
        const name = nameOf(specifier['local']);
        const reference = source === undefined ? { path, name } : { path: toPath(source), name };
        exports.set(nameOf(specifier['exported']), reference);
      }
    } else {
      declare(statement, statement.start);
    }
  }
  const module = { path, text, comments, declarations, imports, foreign, exports, exportsAllOf };
  cache.set(path, module);
  return module;
}

/** Finds where each name that an entry exports is declared. */
export function resolveExports(path: string): ReadonlyMap<string, Reference> {
  const found = new Map<string, Reference>();
  const { exports, exportsAllOf } = readModule(path);
  for (const other of exportsAllOf)
    for (const [name, reference] of resolveExports(other)) found.set(name, reference);
  for (const [name, reference] of exports) found.set(name, findDeclaration(reference));
  return found;
}

/** Follows re-exports and imports to the file that declares a name. */
export function findDeclaration({ path, name }: Reference): Reference {
  const { declarations, exports, imports, exportsAllOf } = readModule(path);
  if (declarations.has(name)) return { path, name };
  const next = exports.get(name) ?? imports.get(name);
  if (next !== undefined && !(next.path === path && next.name === name)) {
    return findDeclaration(next);
  }
  for (const other of exportsAllOf) {
    const reference = resolveExports(other).get(name);
    if (reference !== undefined) return reference;
  }
  return { path, name };
}

function namesOf(node: Node): readonly string[] {
  if (node.type === 'VariableDeclaration') {
    return (node['declarations'] as readonly Node[]).map((it) => nameOf(it['id']));
  }
  const id = node['id'];
  return id == null ? [] : [nameOf(id)];
}

/** The name of an identifier, or the text of a literal. `''` for neither. */
export function nameOf(node: unknown): string {
  if (typeof node === 'string') return node;
  const { name, value } = (node ?? {}) as { name?: unknown; value?: unknown };
  return String(name ?? value ?? '');
}

function sourceOf(node: Node): string | undefined {
  const source = node['source'] as { readonly value: string } | null | undefined;
  return source?.value;
}

/** The documentation comment that ends right before `start`. */
export function findComment(
  { text, comments }: Pick<Module, 'text' | 'comments'>,
  start: number,
): string | undefined {
  let next = start;
  for (const comment of comments.filter(({ end }) => end <= start).reverse()) {
    if (text.slice(comment.end, next).trim() !== '') return undefined;
    if (comment.type === 'Block' && comment.value.startsWith('*')) return comment.value;
    // A remark for the linter may stand in between.
    next = comment.start;
  }
  return undefined;
}
