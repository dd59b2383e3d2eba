/** What differs between the networks of one trainer and another, and what they share once they are fitted. */
import type { Frame } from "../../../foundation/contracts/frame.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import type { FitDiagnostics, Fitted } from "../../../foundation/contracts/trainer.js";
import { answersByLength } from "./answers-by-length.js";
import { exportScope, type NetworkTensors, tensorElements } from "./inference.js";
import { inOwnUnit, linkedAnswers, type NetworkOutcome, predictionsOf } from "./outcome.js";
import type { NetworkFunction, Scope, Values } from "./scope.js";
import type { TrainedNetwork } from "./train-network.js";

/** What the layers are; a plain value. */
export interface ScoredShape {
  /** Classes, or 1. */
  readonly outputs: number;
}

export interface NetworkKind<Shape extends ScoredShape> {
  /** Before the link: [N, outputs], or [M, N, outputs] with members. */
  scores(scope: Scope, shape: Shape, values: Values): GraphValue;
  /** What `scores` is called with, of rows to predict; first dimensions count the rows. */
  inputs(features: Frame, shape: Shape): Readonly<Record<string, Tensor>>;
  /** The same inside the exported graph. */
  graphInputs(graph: GraphBuilder, columns: readonly GraphColumn[], shape: Shape): Values;
  /** Rows computed at once outside of training, a multiple of 16; absent: as many as suit small rows. */
  rowsAtOnce?(shape: Shape): number;
  /** Names of inputs that are texts, int32 [N, L], 0 where a text has ended: `scores` may be given the beginning of all of them. */
  texts?(shape: Shape): readonly string[];
}

/** A plain value. */
export interface NetworkState<Shape extends ScoredShape> {
  readonly shape: Shape;
  readonly tensors: NetworkTensors;
  readonly outcome: NetworkOutcome;
  readonly diagnostics: FitDiagnostics;
}

/** Probabilities, or standardised values: [N, outputs]. */
export function answersOf<Shape extends ScoredShape>(
  kind: Pick<NetworkKind<Shape>, "scores">,
  shape: Shape,
  outcome: NetworkOutcome,
): NetworkFunction<GraphValue> {
  return (scope, values) => linkedAnswers(scope.x, kind.scores(scope, shape, values), outcome.kind);
}

/** The fitted network: the same layers make predictions here and in the exported graph. */
export function fittedNetwork<Shape extends ScoredShape>(
  kind: NetworkKind<Shape>,
  state: NetworkState<Shape>,
): Fitted<NetworkState<Shape>> {
  const { shape, tensors, outcome, diagnostics } = state;
  const network = answersOf(kind, shape, outcome);
  const answers = answersByLength(network, tensors, kind.texts?.(shape) ?? [], kind.rowsAtOnce?.(shape));
  return {
    state,
    diagnostics,
    predict: (features) => predictionsOf(outcome, shape.outputs, answers(kind.inputs(features, shape))),
    emit(graph, columns) {
      const scope = exportScope(graph, tensors);
      return inOwnUnit(scope.x, network(scope, kind.graphInputs(graph, columns, shape)), outcome);
    },
  };
}

export function diagnosticsOf({ tensors, curves, steps, bestStep }: TrainedNetwork): FitDiagnostics {
  return {
    importance: {},
    curves,
    iterations: steps,
    bestIteration: bestStep,
    size: { parameters: tensorElements(tensors) },
  };
}
