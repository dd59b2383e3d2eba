import { emitWeightedAverage } from "../../capabilities/ensembles/predictions.js";
import {
  emitPipeline,
  graphInputs,
  type SharedPipeline,
  sharePipelines,
  type TransformMap,
} from "../../capabilities/features/index.js";
import { emitCalibration } from "../../capabilities/trainers/calibration/index.js";
import { createGraph } from "../../engines/onnx/index.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { BundleOutputs, GraphInput } from "../../foundation/contracts/bundle.js";
import { declareInputs, declareOutputs, planGraphInputs } from "../../foundation/contracts/model-graph.js";
import type { LearnedModel } from "./model.js";

export interface ComposeOptions {
  readonly name: string;
  readonly transforms: TransformMap;
  readonly outputs: BundleOutputs;
  /** Binary: probability at and above which the positive class is the label. */
  readonly threshold: number;
}

/** The whole model as one ONNX graph, and what fills it. */
export interface ComposedModel {
  /** Raw columns in; `label` and `probabilities`, or `prediction`, out. */
  readonly graph: Uint8Array;
  /** The tensors that fill it: raw columns, and what host transforms make of them. */
  readonly inputs: readonly GraphInput[];
  /** All members' features, each transform once. */
  readonly shared: SharedPipeline;
}

export function composeModel(model: LearnedModel, options: ComposeOptions): ComposedModel {
  const shared = sharePipelines(model.pipelines);
  const inputs = planGraphInputs(graphInputs(shared.pipeline));
  const graph = createGraph({ name: options.name, producerVersion: QUERN_VERSION });
  const features = emitPipeline(graph, declareInputs(graph, inputs), shared.pipeline, options.transforms);
  const emitted = model.members.map(({ trainer, state, pipeline }) =>
    trainer.restore(state).emit(
      graph,
      shared.views[pipeline]!.map((position) => features[position]!),
    ),
  );
  const average = emitWeightedAverage(
    graph,
    emitted,
    model.members.map(({ weight }) => weight),
  );
  const value =
    options.outputs.kind === "value" ? average : emitCalibration(graph, average, model.calibration);
  declareOutputs(graph, options.outputs, value, options.threshold);
  return { graph: graph.toBytes(), inputs, shared };
}
