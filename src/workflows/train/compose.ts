import {
  emitPipeline,
  type FittedPipeline,
  graphInputs,
  type TransformMap,
} from "../../capabilities/features/index.js";
import { emitCalibration } from "../../capabilities/trainers/calibration/index.js";
import { createGraph } from "../../engines/onnx/index.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { BundleOutputs, GraphInput } from "../../foundation/contracts/bundle.js";
import { declareInputs, declareOutputs, planGraphInputs } from "../../foundation/contracts/model-graph.js";
import type { LearnedModel } from "./learn.js";

export interface ComposeOptions {
  readonly name: string;
  readonly transforms: TransformMap;
  readonly outputs: BundleOutputs;
  /** Binary: probability at and above which the positive class is the label. */
  readonly threshold: number;
}

/** The tensors that fill the graph: raw columns, and what host transforms make of them. */
export function tensorsOf(pipeline: FittedPipeline): GraphInput[] {
  return planGraphInputs(graphInputs(pipeline));
}

/** The whole model as one ONNX graph: raw columns in; `label` and `probabilities`, or `prediction`, out. */
export function composeGraph(model: LearnedModel, options: ComposeOptions): Uint8Array {
  const graph = createGraph({ name: options.name, producerVersion: QUERN_VERSION });
  const inputs = declareInputs(graph, tensorsOf(model.pipeline));
  const features = emitPipeline(graph, inputs, model.pipeline, options.transforms);
  const raw = model.trainer.restore(model.state).emit(graph, features);
  const value = options.outputs.kind === "value" ? raw : emitCalibration(graph, raw, model.calibration);
  declareOutputs(graph, options.outputs, value, options.threshold);
  return graph.toBytes();
}
