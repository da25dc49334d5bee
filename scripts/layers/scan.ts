import { parseSync, Visitor } from 'oxc-parser';

/** Something found in a source file, with the line it is on. */
export interface Found {
  readonly what: string;
  readonly line: number;
}

export interface Scan {
  /** What the file imports, types included, and the files it names by `new URL('./…', import.meta.url)`. */
  readonly imports: readonly Found[];
  /** Where it reads the time or draws a random number by itself. */
  readonly ambient: readonly Found[];
}

const ambientMembers: Readonly<Record<string, readonly string[]>> = {
  Date: ['now'],
  Math: ['random'],
  process: ['hrtime', 'uptime'],
  performance: ['now', 'timeOrigin', 'timerify', 'mark', 'measure'],
};
const ambientImports: Readonly<Record<string, readonly string[]>> = {
  'node:perf_hooks': ['performance'],
  'node:process': ['hrtime', 'uptime'],
};

/** Reads one file's text; throws where it does not parse. */
export function scanSource(path: string, text: string): Scan {
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error) throw new Error(`${path} does not parse: ${error.message}`);

  const imports: Found[] = [];
  const ambient: Found[] = [];
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  const add = (list: Found[], what: string, offset: number) =>
    list.push({ what, line: lineOf(offset) });
  const addAmbient = (of: string | undefined, member: string | undefined, offset: number) => {
    if (of === undefined || member === undefined || !Object.hasOwn(ambientMembers, of)) return;
    if (ambientMembers[of]?.includes(member)) add(ambient, `${of}.${member}`, offset);
  };

  new Visitor({
    ImportDeclaration(node) {
      add(imports, node.source.value, node.start);
      const watched = ambientImports[node.source.value] ?? [];
      for (const specifier of node.specifiers) {
        if (specifier.type !== 'ImportSpecifier') continue;
        const name = nameOf(specifier.imported);
        if (name !== undefined && watched.includes(name)) {
          add(ambient, `${name} of ${node.source.value}`, node.start);
        }
      }
    },
    ExportNamedDeclaration(node) {
      if (node.source) add(imports, node.source.value, node.start);
    },
    ExportAllDeclaration(node) {
      add(imports, node.source.value, node.start);
    },
    ImportExpression(node) {
      const specifier = textOf(node.source);
      if (specifier !== undefined) add(imports, specifier, node.start);
    },
    TSImportType(node) {
      add(imports, node.source.value, node.start);
    },
    NewExpression(node) {
      const [first, second] = node.arguments;
      const callee = nameOf(node.callee);
      if (callee === 'Date' && !first) add(ambient, 'new Date()', node.start);
      // How workers are found: an import in all but syntax. Other files may be read from anywhere.
      if (callee === 'URL' && first && second?.type === 'MemberExpression') {
        const specifier = textOf(first);
        if (
          second.object.type === 'MetaProperty' &&
          specifier &&
          /^\..*\.[mc]?[jt]s$/.test(specifier)
        ) {
          add(imports, specifier, node.start);
        }
      }
    },
    CallExpression(node) {
      if (nameOf(node.callee) === 'Date') add(ambient, 'Date()', node.start);
    },
    MemberExpression(node) {
      const member = node.computed ? textOf(node.property) : nameOf(node.property);
      addAmbient(nameOf(node.object), member, node.start);
    },
    VariableDeclarator(node) {
      if (node.id.type !== 'ObjectPattern' || !node.init) return;
      for (const property of node.id.properties) {
        if (property.type !== 'Property') continue;
        addAmbient(nameOf(node.init), nameOf(property.key), node.start);
      }
    },
  }).visit(program);
  return { imports, ambient };
}

type Node = { readonly type: string };

/** `x`, and the `x` of `globalThis.x` or `global.x`. */
function nameOf(node: Node): string | undefined {
  if (node.type === 'Identifier' && 'name' in node) return String(node.name);
  if (node.type === 'MemberExpression' && 'object' in node && 'property' in node) {
    const { object, property } = node;
    if (isNode(object) && isNode(property)) {
      const outer = nameOf(object);
      if (outer === 'globalThis' || outer === 'global') return textOf(property) ?? nameOf(property);
    }
  }
  return undefined;
}

function textOf(node: Node): string | undefined {
  if (node.type !== 'Literal' || !('value' in node)) return undefined;
  return typeof node.value === 'string' ? node.value : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}
