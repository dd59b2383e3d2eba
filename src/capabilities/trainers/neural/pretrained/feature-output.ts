/** Where the features of a pretrained network are: what its last layers, made for another task, look at. */
import { Expressions, type OnnxGraph } from "../../../../engines/onnx/index.js";
import { QuernError } from "../../../../foundation/base/errors.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";

/** What only brings scores into another form. */
const LINKS = new Set(["Softmax", "LogSoftmax", "Sigmoid", "Identity", "Cast"]);

/**
 * What the linear layer behind the output looks at: without the classes of the task the network was trained for. The
 * output itself where no linear layer makes it.
 */
export function beforeClassifier(graph: OnnxGraph, output: GraphValue): GraphValue {
  let value = output;
  for (let node = graph.nodeOf(value); node && LINKS.has(node.type); node = graph.nodeOf(value)) {
    value = node.inputs[0]!;
  }
  const node = graph.nodeOf(value);
  if (node?.type === "Gemm" && isWeight(graph, node.inputs[1])) return node.inputs[0]!;
  const sides = node?.type === "Add" ? node.inputs : [value];
  for (const side of sides) {
    const product = side && graph.nodeOf(side);
    if (product?.type === "MatMul" && isWeight(graph, product.inputs[1])) return product.inputs[0]!;
  }
  return output;
}

/** A weight is an input of the graph, as it is or turned. */
function isWeight(graph: OnnxGraph, value: GraphValue | undefined): boolean {
  const node = value && graph.nodeOf(value);
  return value !== undefined && value.shape.length === 2 && (!node || node.type === "Transpose");
}

/**
 * One vector a row: of [N, C, H, W] the mean of each channel, of [N, T, width] the mean over the places.
 * @throws QuernError MODEL_REFUSED for features of another rank, or none that depend on the row
 */
export function oneVector(graph: OnnxGraph, features: GraphValue, place: string): GraphValue {
  const x = new Expressions(graph);
  const { shape } = features;
  const pooled =
    shape.length === 4 ? x.mean(features, [2, 3]) : shape.length === 3 ? x.mean(features, [1]) : features;
  const [rows, width] = pooled.shape;
  if (pooled.shape.length === 2 && typeof rows === "string" && typeof width === "number") return pooled;
  throw new QuernError(
    "MODEL_REFUSED",
    `The features of ${place} are [${shape.join(", ")}]: they must be [N, width], [N, places, width] or [N, channels, height, width], with any number N of rows.`,
    {
      hint: "Export the model with a batch size that may vary, or name another value of it as `features`.",
      details: { place },
    },
  );
}
