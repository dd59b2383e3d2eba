import type { GraphValue } from "../../foundation/contracts/graph.js";
import type { OnnxGraph } from "./graph-builder.js";
import type { GraphNode } from "./graph-node.js";

/** Nodes that the values need, in the order of the graph. @param leaves names of values behind which none is wanted */
export function neededNodes(
  graph: Pick<OnnxGraph, "nodeOf">,
  values: readonly GraphValue[],
  leaves: ReadonlySet<string> = new Set(),
): GraphNode[] {
  const found = new Set<GraphNode>();
  const open = [...values];
  for (let next = open.pop(); next; next = open.pop()) {
    const node = leaves.has(next.name) ? undefined : graph.nodeOf(next);
    if (!node || found.has(node)) continue;
    found.add(node);
    for (const input of node.inputs) if (input) open.push(input);
  }
  return [...found].sort((a, b) => a.position - b.position);
}
