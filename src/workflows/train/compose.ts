import {
  declareInputs,
  emitPipeline,
  graphInputs,
  type TransformMap,
} from "../../capabilities/features/index.js";
import { emitCalibration } from "../../capabilities/trainers/calibration/index.js";
import { createGraph } from "../../engines/onnx/index.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { GraphBuilder, GraphValue } from "../../foundation/contracts/graph.js";
import type { LearnedModel } from "./learn.js";

export interface ComposeOptions {
  readonly name: string;
  readonly transforms: TransformMap;
  /** Class labels in the order of the probabilities; empty for regression. */
  readonly classes: readonly string[];
  /** Binary: probability at and above which the positive class is the label. */
  readonly threshold: number;
}

/** The whole model as one ONNX graph: raw columns in; `label` and `probabilities`, or `prediction`, out. */
export function composeGraph(model: LearnedModel, options: ComposeOptions): Uint8Array {
  const graph = createGraph({ name: options.name, producerVersion: QUERN_VERSION });
  const inputs = declareInputs(graph, graphInputs(model.pipeline));
  const features = emitPipeline(graph, inputs, model.pipeline, options.transforms);
  const raw = model.trainer.restore(model.state).emit(graph, features);
  if (options.classes.length === 0) {
    graph.output("prediction", raw);
    return graph.toBytes();
  }
  const probabilities = emitCalibration(graph, raw, model.calibration);
  graph.output("label", emitLabel(graph, probabilities, options));
  graph.output("probabilities", probabilities);
  return graph.toBytes();
}

/** The most probable class; binary: the positive class from the threshold on. string [N]. */
function emitLabel(
  graph: GraphBuilder,
  probabilities: GraphValue,
  { classes, threshold }: ComposeOptions,
): GraphValue {
  const labels = graph.constant("string", [classes.length], classes);
  if (classes.length === 2) {
    const positive = graph.op("Gather", [probabilities, graph.constant("int64", [], BigInt64Array.of(1n))], {
      attributes: { axis: { int: 1 } },
    });
    const chosen = graph.op("GreaterOrEqual", [positive, graph.scalar(threshold)]);
    return graph.op(
      "Gather",
      [labels, graph.op("Cast", [chosen], { attributes: { to: { int: ONNX_INT64 } } })],
      { attributes: { axis: { int: 0 } } },
    );
  }
  const winner = graph.op("ArgMax", [probabilities], {
    attributes: { axis: { int: 1 }, keepdims: { int: 0 } },
  });
  return graph.op("Gather", [labels, winner], { attributes: { axis: { int: 0 } } });
}

/** `TensorProto.DataType.INT64`. */
const ONNX_INT64 = 7;
