/** Finds at least one cycle among files that import each other; each starts and ends with the same file. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string) => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      cycles.push([...trail.slice(at), path]);
      return;
    }
    if (done.has(path)) return;
    done.add(path);
    trail.push(path);
    for (const next of graph.get(path) ?? []) visit(next);
    trail.pop();
  };
  for (const path of graph.keys()) visit(path);
  return cycles;
}
