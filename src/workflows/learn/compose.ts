import { emitWeightedAverage } from "../../capabilities/ensembles/predictions.js";
import { emitStackFeatures } from "../../capabilities/ensembles/stack-features.js";
import { emitIntervals } from "../../capabilities/evaluation/conformal/emit.js";
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
import type { GraphInput } from "../../foundation/contracts/bundle.js";
import type { ConformalInterval } from "../../foundation/contracts/conformal.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../../foundation/contracts/graph.js";
import {
  declareInputs,
  declareOutputs,
  planGraphInputs,
  type TabularOutputs,
} from "../../foundation/contracts/model-graph.js";
import type { LearnedModel, Member } from "./model.js";

export interface ComposeOptions {
  readonly name: string;
  readonly transforms: TransformMap;
  readonly outputs: TabularOutputs;
  /** Binary: probability at and above which the positive class is the label. */
  readonly threshold: number;
  /** Regression: the graph gives both ends of this interval too. */
  readonly interval?: ConformalInterval;
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

/** The outputs of all members, in their order; the second layer reads those of the first. */
function emitMembers(
  graph: GraphBuilder,
  { members, stack }: LearnedModel,
  /** Of each pipeline. */
  features: readonly (readonly GraphColumn[])[],
): GraphValue[] {
  const outputs = new Map<Member, GraphValue>();
  const emit = (member: Member, columns: readonly GraphColumn[]): void => {
    outputs.set(member, member.trainer.restore(member.state).emit(graph, columns));
  };
  for (const member of members) if (member.pipeline !== null) emit(member, features[member.pipeline]!);
  if (stack.length > 0) {
    const said = stack.map(({ trial }) => {
      const own = [...outputs].filter(([member]) => member.trial === trial);
      return emitWeightedAverage(
        graph,
        own.map(([, output]) => output),
        own.map(([{ trialShare }]) => trialShare),
      );
    });
    const columns = emitStackFeatures(
      graph,
      stack.map(({ description }) => description),
      said,
    );
    for (const member of members) if (member.pipeline === null) emit(member, columns);
  }
  return members.map((member) => outputs.get(member)!);
}

export function composeModel(model: LearnedModel, options: ComposeOptions): ComposedModel {
  const shared = sharePipelines(model.pipelines);
  const inputs = planGraphInputs(graphInputs(shared.pipeline));
  const graph = createGraph({ name: options.name, producerVersion: QUERN_VERSION });
  const features = emitPipeline(graph, declareInputs(graph, inputs), shared.pipeline, options.transforms);
  const views = shared.views.map((view) => view.map((position) => features[position]!));
  const emitted = emitMembers(graph, model, views);
  const average = emitWeightedAverage(
    graph,
    emitted,
    model.members.map(({ weight }) => weight),
  );
  const value =
    options.outputs.kind === "value" ? average : emitCalibration(graph, average, model.calibration);
  const ends = options.interval && emitIntervals(graph, options.interval, { prediction: value });
  declareOutputs(graph, options.outputs, value, { threshold: options.threshold, ends });
  return { graph: graph.toBytes(), inputs, shared };
}
