/** Attention, what turns positions into it, and the equations that spell it out. */
import { type AttributeValue, cast, type GraphValue } from "../../../foundation/contracts/graph.js";
import { einsumLabels } from "../../onnx/index.js";
import {
  axisAttribute,
  type Derivation,
  defineOp,
  floatAttribute,
  integerAttribute,
  type NodeUse,
  type OpSample,
  refusal,
  staticSizes,
  textAttribute,
} from "./definition.js";

/** The cotangent of each input is an equation too: of the result's cotangent with all other inputs. */
function einsumVjp(d: Derivation): GraphValue[] {
  const { node } = d;
  const inputs = node.inputs as readonly GraphValue[];
  const ranks = inputs.map(({ shape }) => shape.length);
  const labels = einsumLabels(textAttribute(node, "equation", ""), ranks)!;
  return inputs.map((_, index) => einsumCotangent(d, inputs, labels.inputs, labels.output, index));
}

function einsumCotangent(
  { graph, x, node, c }: Derivation,
  inputs: readonly GraphValue[],
  terms: readonly (readonly string[])[],
  output: readonly string[],
  index: number,
): GraphValue {
  const own = terms[index]!;
  if (new Set(own).size < own.length) throw refusal(node, "an input repeats an axis (a diagonal)");
  const others = inputs.flatMap((input, k) => (k === index ? [] : [{ input, term: terms[k]! }]));
  const known = new Set([...output, ...others.flatMap(({ term }) => term)]);
  const found = own.filter((label) => known.has(label));
  const left = [output, ...others.map(({ term }) => term)].map((term) => term.join("")).join(",");
  const equation = { string: `${left}->${found.join("")}` };
  const operands = [c, ...others.map(({ input }) => input)];
  const cotangent = graph.op("Einsum", operands, { attributes: { equation } });
  const missing = own.flatMap((label, axis) => (known.has(label) ? [] : [axis]));
  if (missing.length === 0) return cotangent;
  // Axes over which the input alone was summed: each of its elements counted once.
  return x.expand(x.unsqueeze(cotangent, missing), x.shapeOf(inputs[index]!));
}

/** x / sqrt(mean(x^2)) times scale (Zhang and Sennrich, 2019). */
function rootMeanSquareVjp(d: Derivation): GraphValue[] {
  const { x, c, node, input } = d;
  const first = axisAttribute(d, -1);
  const axes = input.shape.flatMap((_, axis) => (axis >= first ? [axis] : []));
  const power = x.add(x.mean(x.square(input), axes, true), floatAttribute(node, "epsilon", 1e-5));
  const inverse = x.apply("Reciprocal", x.apply("Sqrt", power));
  const normal = x.mul(input, inverse);
  const scaled = x.mul(c, node.inputs[1]!);
  const projected = x.mul(normal, x.mean(x.mul(scaled, normal), axes, true));
  return [x.mul(x.sub(scaled, projected), inverse), x.mul(c, normal)];
}

/** Rotations (Su et al., 2021): the way back turns by the opposite angle. */
function rotaryVjp({ graph, x, c, node }: Derivation): GraphValue[] {
  const [, cosines, sines, positions] = node.inputs;
  const inputs = [c, cosines, x.apply("Neg", sines!), positions];
  return [graph.op("RotaryEmbedding", inputs, { attributes: node.attributes })];
}

/** [N, heads, length, width of a head], as inputs of three dimensions are cut. */
function perHead({ x }: NodeUse, value: GraphValue, heads: number): GraphValue {
  if (value.shape.length === 4) return value;
  const width = Number(value.shape[2]) / heads;
  return x.transpose(x.reshape(value, [0, 0, heads, width]), [0, 2, 1, 3]);
}

/** Each of `heads` keys or values serves a group of queries (Ainslie et al., 2023). */
function repeated(use: NodeUse, value: GraphValue, times: number): GraphValue {
  if (times === 1) return value;
  const [heads, length, width] = staticSizes(use, value.shape.slice(1)) as [number, number, number];
  const { x } = use;
  const copies = x.expand(x.unsqueeze(value, [2]), [1, 1, times, 1, 1]);
  return x.reshape(copies, [0, heads * times, length, width]);
}

/** Added to the scores: 0 where a query may look at a key, and -1e9 where it may not. */
function masks(use: NodeUse, scores: GraphValue): GraphValue[] {
  const { graph, x, node } = use;
  const result: GraphValue[] = [];
  if (integerAttribute(node, "is_causal", 0) === 1) {
    const [rows, columns] = staticSizes(use, scores.shape.slice(-2)) as [number, number];
    const hidden = Array.from({ length: rows * columns }, (_, k) =>
      k % columns > Math.floor(k / columns) ? -1e9 : 0,
    );
    result.push(graph.constant(scores.type, [rows, columns], hidden));
  }
  const mask = node.inputs[3];
  if (mask) result.push(mask.type === "bool" ? x.mul(x.sub(1, cast(graph, mask, scores.type)), -1e9) : mask);
  return result;
}

/** Scaled dot products (Vaswani et al., 2017), by the standard's reference: scale, soft cap, masks, softmax. */
function attentionComposition(use: NodeUse): (GraphValue | undefined)[] {
  const { x, graph, node, input } = use;
  if (node.inputs[4] || node.inputs[5]) throw refusal(node, "it looks at a past");
  const heads = integerAttribute(node, "q_num_heads", 1);
  const shared = integerAttribute(node, "kv_num_heads", 1);
  const query = perHead(use, input, heads);
  const [key, value] = [1, 2].map((index) => perHead(use, node.inputs[index]!, shared)) as [
    GraphValue,
    GraphValue,
  ];
  const group = Number(query.shape[1]) / Number(key.shape[1]);
  const scale = floatAttribute(node, "scale", 1 / Math.sqrt(Number(query.shape[3])));
  const products = x.matmul(query, x.transposeMatrices(repeated(use, key, group)));
  const raw = x.mul(products, scale);
  const cap = floatAttribute(node, "softcap", 0);
  const scores = cap === 0 ? raw : x.mul(x.apply("Tanh", x.div(raw, cap)), cap);
  const masked = masks(use, scores).reduce((sum, mask) => x.add(sum, mask), scores);
  const weights = graph.op("Softmax", [masked], { attributes: { axis: { int: -1 } } });
  const mixed = x.matmul(weights, repeated(use, value, group));
  const result = input.shape.length === 4 ? mixed : x.reshape(x.transpose(mixed, [0, 2, 1, 3]), [0, 0, -1]);
  return [result, key, value];
}

const equation = (text: string, ...shapes: number[][]): OpSample => ({
  inputs: shapes.map((shape) => ({ shape })),
  attributes: { equation: { string: text } },
});
const int = (value: number): AttributeValue => ({ int: value });
const [range, angles] = [[-1, 1] as [number, number], [0.6, 0.8, 0.8, -0.6, 1, 0]];
const rotations = [angles, angles.map((cosine) => Math.sqrt(1 - cosine * cosine))].map((constant) => ({
  constant,
  shape: [1, 3, 2],
}));

export const ATTENTION = {
  Einsum: defineOp({
    type: "Einsum",
    samples: [
      equation("ij,jk->ik", [2, 3], [3, 2]),
      equation("bhqd,bhkd->bhqk", [1, 2, 2, 3], [1, 2, 3, 3]),
      equation("...ij,...jk->...ik", [2, 1, 2, 3], [2, 2, 3, 2]),
      equation("bi,bj", [2, 2], [2, 3]),
      equation("ij->j", [2, 3]),
      equation("ij,kl->i", [2, 3], [2, 2]),
      equation("i,i->", [4], [4]),
      equation("ab,bc,cd->ad", [2, 2], [2, 3], [3, 2]),
    ],
    vjp: einsumVjp,
  }),
  RMSNormalization: defineOp({
    type: "RMSNormalization",
    samples: [
      { inputs: [{ shape: [3, 4] }, { shape: [4], range: [0.5, 2] }] },
      { inputs: [{ shape: [2, 2, 3] }, { shape: [2, 3], range: [0.5, 2] }], attributes: { axis: int(1) } },
    ],
    vjp: rootMeanSquareVjp,
  }),
  RotaryEmbedding: defineOp({
    type: "RotaryEmbedding",
    samples: [
      { inputs: [{ shape: [1, 2, 3, 4] }, ...rotations] },
      { inputs: [{ shape: [1, 2, 3, 4] }, ...rotations], attributes: { interleaved: int(1) } },
    ],
    vjp: rotaryVjp,
  }),
  Attention: defineOp({
    type: "Attention",
    samples: [
      { inputs: [1, 1, 1].map(() => ({ shape: [1, 2, 3, 2], range })), outputs: 1 },
      {
        inputs: [
          { shape: [2, 3, 8], range },
          { shape: [2, 3, 4], range },
          { shape: [2, 3, 4], range },
        ],
        attributes: { q_num_heads: int(4), kv_num_heads: int(2), is_causal: int(1) },
        outputs: 1,
      },
      {
        inputs: [
          { shape: [1, 1, 2, 2], range },
          { shape: [1, 1, 3, 2], range },
          { shape: [1, 1, 3, 3], range },
          { constant: [1, 1, 0, 1, 0, 1], shape: [2, 3], type: "bool" },
        ],
        attributes: { scale: { float: 0.5 }, softcap: { float: 2 } },
        outputs: 1,
      },
      {
        inputs: [
          { shape: [1, 1, 2, 2], range },
          { shape: [1, 1, 3, 2], range },
          { shape: [1, 1, 3, 2], range },
          { shape: [2, 3], range },
        ],
        outputs: 1,
      },
    ],
    composition: attentionComposition,
  }),
};
