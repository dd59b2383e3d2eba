/** How the candidates of a detector become the boxes that a model answers, inside its graph. */
import type { GraphBuilder, GraphValue } from "./graph.js";

/** What a detector proposes for each picture; A of them. */
export interface BoxCandidates {
  /** Float32 [N, A, 4]: left, top, right, bottom in shares of the picture. */
  readonly corners: GraphValue;
  /** Float32 [N, A], 0..1. */
  readonly scores: GraphValue;
  /** Int64 [N, A]: index of the class. */
  readonly classes: GraphValue;
}

export interface BoxSelection {
  readonly classCount: number;
  /** Candidates of each picture, A. */
  readonly candidates: number;
  /** A box is dropped where it overlaps a surer one of its class by more than this (intersection over union). */
  readonly overlap: number;
  /** Scores up to this are dropped. */
  readonly leastScore: number;
  /** Boxes answered for each picture, K; the surest. */
  readonly limit: number;
}

/** The surest first; score 0: no box, and all of it is 0. */
export interface SelectedBoxes {
  /** Float32 [N, K, 4]: left, top, right, bottom in shares of the picture, inside it. */
  readonly boxes: GraphValue;
  /** Float32 [N, K]. */
  readonly scores: GraphValue;
  /** Int64 [N, K]. */
  readonly classes: GraphValue;
}

/** Greedy non-maximum suppression within each class, then the surest over all classes. */
export function selectBoxes(
  graph: GraphBuilder,
  { corners, scores, classes }: BoxCandidates,
  { classCount, candidates, overlap, leastScore, limit }: BoxSelection,
): SelectedBoxes {
  const axis = (value: number) => ({ attributes: { axis: { int: value } } });
  const integers = (...values: number[]) => graph.constant("int64", [values.length], values);
  const unsqueeze = (value: GraphValue, at: number) => graph.op("Unsqueeze", [value, integers(at)]);
  const indicator = (condition: GraphValue, code: number) =>
    graph.op("Cast", [condition], { attributes: { to: { int: code } } });
  const isOfClass = graph.op(
    "OneHot",
    [classes, graph.scalar(classCount, "int64"), graph.constant("float32", [2], [0, 1])],
    axis(1),
  );
  const byClass = graph.op("Mul", [isOfClass, unsqueeze(scores, 1)]);
  const kept = graph.op("NonMaxSuppression", [
    corners,
    byClass,
    integers(Math.min(limit, candidates)),
    graph.constant("float32", [1], [overlap]),
    graph.constant("float32", [1], [leastScore]),
  ]);
  const pictures = graph.op("Gather", [kept, graph.scalar(0, "int64")], axis(1));
  const ones = indicator(graph.op("Equal", [pictures, pictures]), FLOAT32);
  const places = graph.op("Gather", [kept, integers(0, 2)], axis(1));
  const nothing = graph.op("Mul", [scores, graph.scalar(0)]);
  const isKept = graph.op("ScatterND", [nothing, places, ones]);
  const remaining = graph.op("Mul", [scores, isKept]);
  const [best, at] = graph.node("TopK", [remaining, integers(Math.min(limit, candidates))], axis(1));
  const isBox = graph.op("Greater", [best, graph.scalar(0)]);
  const wide = graph.op("Expand", [unsqueeze(at!, 2), integers(1, 1, 4)]);
  const chosen = graph.op("GatherElements", [corners, wide], axis(1));
  const inside = graph.op("Clip", [chosen, graph.scalar(0), graph.scalar(1)]);
  const codes = graph.op("GatherElements", [classes, at], axis(1));
  return {
    boxes: graph.op("Mul", [inside, unsqueeze(indicator(isBox, FLOAT32), 2)]),
    scores: best!,
    classes: graph.op("Mul", [codes, indicator(isBox, INT64)]),
  };
}

const [FLOAT32, INT64] = [1, 7];
