import { relative } from 'node:path';
import {
  type Declaration,
  findComment,
  findDeclaration,
  type Module,
  type Node,
  nameOf,
  readModule,
  resolveExports,
} from './modules.ts';

/**
 * Checks what an entry of a package shows to its users. Each export and each of its public members has a docstring,
 * every type that a signature mentions is exported from the same entry, and no signature has a union with `unknown`,
 * which would accept everything and say nothing.
 * @returns one line for each problem
 */
export function checkSurface(root: string, entry: string): readonly string[] {
  const exported = resolveExports(entry);
  const keys = new Set([...exported.values()].map(({ path, name }) => `${path}#${name}`));
  const problems = new Set<string>();
  for (const { path, name } of exported.values()) {
    const module = readModule(path);
    const place = `${relative(root, path)}: ${name}`;
    const declarations = signaturesOf(module.declarations.get(name) ?? []);
    if (!declarations.some(({ comment }) => comment !== undefined)) {
      problems.add(`${place} has no docstring`);
    }
    for (const { node } of declarations) {
      for (const member of membersOf(node)) {
        if (findComment(module, member.start) === undefined) {
          problems.add(`${place}.${keyOf(member)} has no docstring`);
        }
      }
      const problem = (text: string) => problems.add(`${place} ${text}`);
      checkTypes(signatureOf(node), { module, keys, problem, own: parametersOf(node) });
    }
  }
  return [...problems].sort();
}

/** The overloads of a function, without the implementation, which callers do not see. */
function signaturesOf(declarations: readonly Declaration[]): readonly Declaration[] {
  const overloads = declarations.filter(({ node }) => node.type === 'TSDeclareFunction');
  return overloads.length > 0 ? overloads : declarations;
}

function membersOf(node: Node): readonly Node[] {
  if (node.type === 'TSInterfaceDeclaration')
    return listOf((node['body'] as Node)['body']).filter(isPublic);
  if (node.type === 'ClassDeclaration') {
    return listOf((node['body'] as Node)['body']).filter(isPublic);
  }
  if (node.type === 'TSTypeAliasDeclaration') {
    const type = node['typeAnnotation'] as Node;
    return type.type === 'TSTypeLiteral' ? listOf(type['members']) : [];
  }
  return [];
}

function isPublic(member: Node): boolean {
  const key = member['key'] as Node | undefined;
  if (key?.type === 'PrivateIdentifier') return false;
  // Hosts get instances and call no constructor; a computed name is a symbol they do not have. What an override does is said where it is declared first.
  return (
    member['accessibility'] !== 'private' &&
    member['kind'] !== 'constructor' &&
    member['override'] !== true &&
    member['computed'] !== true &&
    member.type !== 'StaticBlock'
  );
}

function keyOf(member: Node): string {
  return nameOf(member['key']) || `(${member.type})`;
}

/** The parts of a declaration that its users see: no bodies of functions, no private members. */
function signatureOf(node: Node): unknown {
  if (node.type === 'ClassDeclaration') {
    const members = listOf((node['body'] as Node)['body']);
    return [
      node['superTypeArguments'],
      node['implements'],
      members.filter(isPublic).map(withoutBody),
    ];
  }
  return withoutBody(node);
}

function withoutBody(node: Node): unknown {
  if (node.type === 'VariableDeclaration') {
    return listOf(node['declarations']).map(({ id }) => id);
  }
  const value = node['value'] as Node | null | undefined;
  const isFunction = /Function/.test(node.type) || /Function/.test(value?.type ?? '');
  if (!isFunction) return node['typeAnnotation'] ?? node['body'] ?? node;
  const it = value ?? node;
  return [it['typeParameters'], listOf(it['params']).map(annotationOf), it['returnType']];
}

function annotationOf(parameter: Node): unknown {
  const target = (parameter['left'] ?? parameter['argument'] ?? parameter) as Node;
  return parameter['typeAnnotation'] ?? target['typeAnnotation'];
}

interface Scope {
  readonly module: Module;
  /** What the entry exports, as `path#name`. */
  readonly keys: ReadonlySet<string>;
  readonly problem: (text: string) => void;
  /** Names of type parameters. */
  readonly own: ReadonlySet<string>;
}

function checkTypes(tree: unknown, scope: Scope): void {
  if (Array.isArray(tree)) {
    for (const it of tree) checkTypes(it, scope);
    return;
  }
  if (typeof tree !== 'object' || tree === null) return;
  const node = tree as Node;
  const own = new Set([...scope.own, ...parametersOf(node)]);
  const inner = { ...scope, own };
  if (node.type === 'TSUnionType' && listOf(node['types']).some(isUnknown)) {
    scope.problem('has a union with unknown');
  }
  if (node.type === 'TSTypeReference') {
    checkReference(node['typeName'] as Node, inner);
    // They show members of a type, and not the type.
    if (['Pick', 'Omit'].includes(nameOf(node['typeName']))) return;
  }
  if (node.type === 'TSInterfaceHeritage' || node.type === 'TSClassImplements') {
    checkReference(node['expression'] as Node, inner);
  }
  for (const [name, value] of Object.entries(node)) {
    if (name !== 'parent') checkTypes(value, inner);
  }
}

function isUnknown({ type }: Node): boolean {
  return type === 'TSUnknownKeyword';
}

function checkReference(name: Node, { module, keys, problem, own }: Scope): void {
  const isQualified = name.type === 'TSQualifiedName';
  const first = nameOf(isQualified ? name['left'] : name);
  if (own.has(first) || module.foreign.has(first)) return;
  const imported = module.imports.get(first);
  // Neither declared nor imported: a type of the language.
  if (imported === undefined && !module.declarations.has(first)) return;
  if (imported === undefined && isComputed(module, first)) return;
  const last = isQualified ? nameOf(name['right']) : undefined;
  const reference = findDeclaration(
    imported?.name === '*' && last !== undefined
      ? { path: imported.path, name: last }
      : (imported ?? { path: module.path, name: first }),
  );
  if (!keys.has(`${reference.path}#${reference.name}`)) {
    problem(`mentions ${last ?? first}, which the entry does not export`);
  }
}

/** Whether a type of this file is made of other types, such as the keys of one: users see what comes out. */
function isComputed({ declarations }: Module, name: string): boolean {
  const types = (declarations.get(name) ?? []).map(({ node }) => node['typeAnnotation']);
  return types.every((it) => (it as Node | undefined)?.type !== 'TSTypeLiteral' && it != null);
}

/** The names of the type parameters that a node introduces, `infer` and mapped types included. */
function parametersOf(node: Node): ReadonlySet<string> {
  const names = new Set<string>();
  const parameters = node['typeParameters'] as Node | null | undefined;
  for (const it of listOf(parameters?.['params'])) names.add(nameOf(it['name']));
  if (node.type === 'TSMappedType') names.add(nameOf(node['key']));
  if (node.type === 'TSConditionalType') collectInferred(node['extendsType'], names);
  const value = node['value'] as Node | null | undefined;
  if (value?.type !== undefined && /Function/.test(value.type)) {
    for (const name of parametersOf(value)) names.add(name);
  }
  return names;
}

function collectInferred(tree: unknown, names: Set<string>): void {
  if (Array.isArray(tree)) for (const it of tree) collectInferred(it, names);
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return;
  const node = tree as Node;
  if (node.type === 'TSInferType') names.add(nameOf((node['typeParameter'] as Node)['name']));
  for (const value of Object.values(node)) collectInferred(value, names);
}

function listOf(value: unknown): readonly Node[] {
  return Array.isArray(value) ? (value as readonly Node[]) : [];
}
