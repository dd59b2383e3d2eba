/** Ops that pick elements by positions, and that put them there. */
import type { AttributeValue, GraphValue } from "../../../foundation/contracts/graph.js";
import {
  axisAttribute,
  type Derivation,
  defineOp,
  integerAttribute,
  type NodeUse,
  refusal,
  type SampleInput,
  staticSizes,
  textAttribute,
  zerosLike,
} from "./definition.js";

const int = (value: number): AttributeValue => ({ int: value });
const integers = (...values: number[]): SampleInput => ({
  constant: values,
  shape: [values.length],
  type: "int64",
});

/**
 * Adds slices of `updates` at `indices` [n] along `axis`. ScatterElements, never ScatterND, whose kernel loses
 * updates of equal positions when it runs on two or more threads.
 */
export function scatterAdd(
  { graph, x }: NodeUse,
  onto: GraphValue,
  indices: GraphValue,
  updates: GraphValue,
  axis: number,
): GraphValue {
  const column = updates.shape.map((_, at) => (at === axis ? -1 : 1));
  const spread = x.expand(x.reshape(indices, column), x.shapeOf(updates));
  const attributes = { axis: int(axis), reduction: { string: "add" } };
  return graph.op("ScatterElements", [onto, spread, updates], { attributes });
}

function gatherVjp(d: Derivation): (GraphValue | undefined)[] {
  const { x, c, node, input } = d;
  const axis = axisAttribute(d, 0);
  const indices = node.inputs[1]!;
  const rank = indices.shape.length;
  const flat = x.reshape(indices, [-1]);
  const after = c.shape.slice(axis + rank);
  const shape = [...c.shape.slice(0, axis), -1, ...after];
  const updates = rank === 1 ? c : x.reshape(c, staticSizes(d, shape));
  return [scatterAdd(d, zerosLike(d, input), flat, updates, axis), undefined];
}

function gatherElementsVjp(d: Derivation): (GraphValue | undefined)[] {
  const attributes = { axis: int(axisAttribute(d, 0)), reduction: { string: "add" } };
  const zeros = zerosLike(d, d.input);
  return [d.graph.op("ScatterElements", [zeros, d.node.inputs[1]!, d.c], { attributes }), undefined];
}

function reductionOf({ node }: NodeUse): "none" | "add" {
  const kind = textAttribute(node, "reduction", "none");
  if (kind === "none" || kind === "add") return kind;
  throw refusal(node, `it has a rule without reduction and with "add", not with "${kind}"`);
}

function scatterElementsVjp(d: Derivation): (GraphValue | undefined)[] {
  const { graph, c, node } = d;
  const attributes = { axis: int(axisAttribute(d, 0)) };
  const indices = node.inputs[1]!;
  const updates = graph.op("GatherElements", [c, indices], { attributes });
  const zeros = zerosLike(d, node.inputs[2]!);
  const kept =
    reductionOf(d) === "add" ? c : graph.op("ScatterElements", [c, indices, zeros], { attributes });
  return [kept, undefined, updates];
}

function scatterNdVjp(d: Derivation): (GraphValue | undefined)[] {
  const { graph, c, node } = d;
  const [, indices, updates] = node.inputs;
  const kept = reductionOf(d) === "add" ? c : graph.op("ScatterND", [c, indices, zerosLike(d, updates!)]);
  return [kept, undefined, graph.op("GatherND", [c, indices])];
}

/**
 * As Gather of rows of the flattened value, by the number of the row that the indices stand for: what Gather adds
 * up on the way back is added up rightly, which ScatterND would not do.
 */
function gatherNdComposition(use: NodeUse): GraphValue[] {
  const { graph, x, node, input } = use;
  const indices = node.inputs[1]!;
  const batch = integerAttribute(node, "batch_dims", 0);
  const [depth] = staticSizes(use, [indices.shape.at(-1)!]) as [number];
  const sizes = staticSizes(use, input.shape.slice(0, batch + depth));
  const rest = staticSizes(use, input.shape.slice(batch + depth));
  const indexed = sizes.slice(batch);
  const limits = x.integers(indexed);
  const positive = x.where(x.greater(x.graph.scalar(0, "int64"), indices), x.add(indices, limits), indices);
  const strides = indexed.map((_, at) => product(indexed.slice(at + 1)));
  const offset = x.sum(x.mul(positive, x.integers(strides)), [indices.shape.length - 1]);
  const rows =
    batch === 0 ? offset : x.add(offset, batchOffsets(use, sizes.slice(0, batch), product(indexed), offset));
  const flat = x.reshape(input, [product(sizes), ...rest]);
  return [graph.op("Gather", [flat, rows])];
}

/** Where the elements of each batch begin, int64 [...batch, 1, ...]. */
function batchOffsets(
  { x, graph }: NodeUse,
  batch: readonly number[],
  each: number,
  like: GraphValue,
): GraphValue {
  const starts = Array.from({ length: product(batch) }, (_, k) => k * each);
  const shape = like.shape.map((_, axis) => batch[axis] ?? 1);
  return x.reshape(graph.constant("int64", [starts.length], starts), shape);
}

const product = (sizes: readonly number[]): number => sizes.reduce((count, size) => count * size, 1);

export const INDEXING = {
  Gather: defineOp({
    type: "Gather",
    samples: [
      { inputs: [{ shape: [4, 2] }, { constant: [1, 3, 1, 1], shape: [2, 2], type: "int64" }] },
      { inputs: [{ shape: [2, 4] }, integers(0, -1, 0)], attributes: { axis: int(1) } },
      {
        inputs: [{ shape: [2, 4] }, { constant: [2], shape: [], type: "int64" }],
        attributes: { axis: int(1) },
      },
    ],
    vjp: gatherVjp,
  }),
  GatherElements: defineOp({
    type: "GatherElements",
    samples: [
      {
        inputs: [{ shape: [2, 3] }, { constant: [0, 2, 2, 1], shape: [2, 2], type: "int64" }],
        attributes: { axis: int(1) },
      },
    ],
    vjp: gatherElementsVjp,
  }),
  ScatterElements: defineOp({
    type: "ScatterElements",
    samples: [
      {
        inputs: [{ shape: [3, 2] }, { constant: [2, 0], shape: [1, 2], type: "int64" }, { shape: [1, 2] }],
      },
      {
        inputs: [{ shape: [4] }, integers(1, 1, 3), { shape: [3] }],
        attributes: { reduction: { string: "add" } },
      },
    ],
    vjp: scatterElementsVjp,
  }),
  GatherND: defineOp({
    type: "GatherND",
    samples: [
      { inputs: [{ shape: [3, 2, 2] }, { constant: [0, 1, -1, 0, 0, 1], shape: [3, 2], type: "int64" }] },
      { inputs: [{ shape: [3, 2] }, { constant: [2, -1, 2], shape: [3, 1], type: "int64" }] },
      {
        inputs: [{ shape: [2, 3, 2] }, { constant: [1, 1, 2, -3], shape: [2, 2, 1], type: "int64" }],
        attributes: { batch_dims: int(1) },
      },
    ],
    composition: gatherNdComposition,
  }),
  ScatterND: defineOp({
    type: "ScatterND",
    samples: [
      { inputs: [{ shape: [3, 2] }, { constant: [2, 0], shape: [2, 1], type: "int64" }, { shape: [2, 2] }] },
      {
        inputs: [{ shape: [2, 3] }, { constant: [0, 1, 1, 2], shape: [2, 2], type: "int64" }, { shape: [2] }],
        attributes: { reduction: { string: "add" } },
      },
    ],
    vjp: scatterNdVjp,
  }),
};
