/** Products of matrices. */
import type { AttributeValue, GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { isStatic } from "../../onnx/index.js";
import {
  axisAttribute,
  type Derivation,
  defineOp,
  floatAttribute,
  integerAttribute,
  type OpSample,
  type OpUse,
  type SummedProduct,
} from "./definition.js";
import { productOfTurned } from "./layouts.js";

const flag = (value: boolean): AttributeValue => ({ int: value ? 1 : 0 });

function gemm(
  d: Derivation,
  a: GraphValue,
  b: GraphValue,
  transposeA: boolean,
  transposeB: boolean,
  alpha = 1,
): GraphValue {
  const attributes = { transA: flag(transposeA), transB: flag(transposeB), alpha: { float: alpha } };
  return d.graph.op("Gemm", [a, b], { attributes });
}

function gemmVjp(d: Derivation): (GraphValue | undefined)[] {
  const { node, x, c } = d;
  const [a, b] = [node.inputs[0]!, node.inputs[1]!];
  const [turnsA, turnsB] = ["transA", "transB"].map((name) => integerAttribute(node, name, 0) === 1);
  const alpha = floatAttribute(node, "alpha", 1);
  const beta = floatAttribute(node, "beta", 1);
  return [
    turnsA ? gemm(d, b, c, turnsB!, true, alpha) : gemm(d, c, b, false, !turnsB, alpha),
    turnsB ? gemm(d, c, a, true, turnsA!, alpha) : gemm(d, a, c, !turnsA, false, alpha),
    node.inputs[2] && (beta === 1 ? c : x.mul(c, beta)),
  ];
}

/** Results of fewer elements stay in the cache, and what follows may be fused with the product. */
const LARGE_RESULT = 2 ** 18;

/** The runtime's product writes a bias into all rows first and reads it back; an addition behind it is one pass on all threads. */
function biasApart({ graph, x, node }: OpUse): GraphValue[] | undefined {
  const [a, b, bias] = node.inputs;
  if (bias?.shape.length !== 1 || floatAttribute(node, "beta", 1) !== 1) return undefined;
  const product = graph.op("Gemm", [a, b], { attributes: node.attributes });
  if (!isStatic(product.shape) || elementCount(product.shape) < LARGE_RESULT) return undefined;
  return [x.add(product, bias)];
}

/** A vector as the matrix that MatMul takes it for: a row on the left, a column on the right. */
function matMulVjp(d: Derivation): (GraphValue | SummedProduct)[] {
  const { x, node } = d;
  const [a, b] = [node.inputs[0]!, node.inputs[1]!];
  const [isRow, isColumn] = [a.shape.length === 1, b.shape.length === 1];
  if (!isRow && !isColumn) return [...matrixProductVjp(d, a, b, d.c)];
  const left = isRow ? x.unsqueeze(a, [0]) : a;
  const right = isColumn ? x.unsqueeze(b, [1]) : b;
  const added = [...(isRow ? [-2] : []), ...(isColumn ? [-1] : [])];
  const [toLeft, back] = matrixProductVjp(d, left, right, x.unsqueeze(d.c, added));
  const toRight = "rows" in back ? gemm(d, back.rows, back.cotangents, true, false) : back;
  const allBut = (value: GraphValue, kept: number) =>
    value.shape.flatMap((_, axis) => (axis === value.shape.length + kept ? [] : [axis]));
  return [
    isRow ? x.sum(toLeft, allBut(toLeft, -1)) : toLeft,
    isColumn ? x.sum(toRight, allBut(toRight, -2)) : toRight,
  ];
}

function matrixProductVjp(
  d: Derivation,
  a: GraphValue,
  b: GraphValue,
  c: GraphValue,
): readonly [GraphValue, GraphValue | SummedProduct] {
  const { x } = d;
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  if (rankA === 2 && rankB === 2) return [gemm(d, c, b, false, true), { rows: a, cotangents: c }];
  const toA = x.matmul(c, x.transposeMatrices(b));
  if (rankB > 2) return [toA, x.matmul(x.transposeMatrices(a), c)];
  // One matrix for all of the batch: one product over all its rows instead of a sum of many.
  const rowsOf = (value: GraphValue) => x.reshape(value, [-1, Number(value.shape.at(-1))]);
  return [toA, { rows: rowsOf(a), cotangents: rowsOf(c) }];
}

/** Sums of cotangents times shares along the axis of a softmax, kept as a dimension of 1. */
function weightedSums(d: Derivation): GraphValue {
  const { x, c, output } = d;
  const axis = axisAttribute(d, -1);
  return (axis === output.shape.length - 1 && sumsByAnswers(d)) || x.sum(x.mul(c, output), [axis], true);
}

/**
 * In attention the cotangent of the shares is that of the answers times the values transposed, so the sums are those of
 * the answers with their cotangent (Dao et al., 2022, appendix B): one head is narrower than a row of shares is long. The
 * answers are there already; `undefined` where the cotangent comes from elsewhere.
 */
function sumsByAnswers({ graph, x, c, output }: Derivation): GraphValue | undefined {
  const node = graph.nodeOf(c);
  const [masked, mask] = node?.type === "Mul" ? node.inputs : [c];
  const product = graph.nodeOf(masked!);
  if (product?.type !== "MatMul" || String(masked!.shape) !== String(output.shape)) return undefined;
  const [toAnswers, turned] = [product.inputs[0]!, product.inputs[1]!];
  const turn = graph.nodeOf(turned);
  const values = turn?.type === "Transpose" && turn.inputs[0];
  if (!values || values.shape.length < 3 || x.transposeMatrices(values).name !== turned.name)
    return undefined;
  if (!(Number(values.shape.at(-1)) < Number(output.shape.at(-1)))) return undefined;
  const answers = x.matmul(mask ? x.mul(output, mask) : output, values);
  return x.sum(x.mul(toAnswers, answers), [-1], true);
}

const softmaxSamples: OpSample[] = [
  { inputs: [{ shape: [3, 4] }] },
  { inputs: [{ shape: [2, 3, 2] }], attributes: { axis: { int: 1 } } },
];

export const PRODUCTS = {
  MatMul: defineOp({
    type: "MatMul",
    samples: [
      { inputs: [{ shape: [2, 3] }, { shape: [3, 4] }] },
      { inputs: [{ shape: [2, 2, 3] }, { shape: [3, 2] }] },
      { inputs: [{ shape: [2, 2, 3] }, { shape: [2, 3, 2] }] },
      { inputs: [{ shape: [1, 2, 3] }, { shape: [2, 3, 2] }] },
      { inputs: [{ shape: [2, 3] }, { shape: [2, 3, 2] }] },
      { inputs: [{ shape: [2, 1, 2, 3] }, { shape: [2, 3, 2] }] },
      { inputs: [{ shape: [3] }, { shape: [3] }] },
      { inputs: [{ shape: [3] }, { shape: [3, 2] }] },
      { inputs: [{ shape: [2, 3] }, { shape: [3] }] },
      { inputs: [{ shape: [3] }, { shape: [2, 3, 2] }] },
      { inputs: [{ shape: [2, 2, 3] }, { shape: [3] }] },
    ],
    forward: productOfTurned,
    vjp: matMulVjp,
  }),
  Gemm: defineOp({
    type: "Gemm",
    samples: [
      { inputs: [{ shape: [2, 3] }, { shape: [3, 4] }, { shape: [4] }] },
      {
        inputs: [{ shape: [3, 2] }, { shape: [4, 3] }, { shape: [2, 1] }],
        attributes: { transA: flag(true), transB: flag(true), alpha: { float: 0.5 }, beta: { float: 2 } },
      },
      { inputs: [{ shape: [3, 2] }, { shape: [3, 4] }], attributes: { transA: flag(true) } },
      { inputs: [{ shape: [2, 3] }, { shape: [4, 3] }], attributes: { transB: flag(true) } },
    ],
    forward: biasApart,
    vjp: gemmVjp,
  }),
  Softmax: defineOp({
    type: "Softmax",
    samples: softmaxSamples,
    vjp: (d) => [d.x.mul(d.output, d.x.sub(d.c, weightedSums(d)))],
  }),
  LogSoftmax: defineOp({
    type: "LogSoftmax",
    samples: softmaxSamples,
    vjp: (d) => {
      const sum = d.x.sum(d.c, [axisAttribute(d, -1)], true);
      return [d.x.sub(d.c, d.x.mul(d.x.apply("Exp", d.output), sum))];
    },
  }),
};
