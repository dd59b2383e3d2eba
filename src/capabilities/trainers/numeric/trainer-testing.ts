/** Helpers of the trainers' own tests: contexts, frames, and a run of the emitted graph. */

import { createGraph, openSession } from "../../../engines/onnx/index.js";
import { systemClock } from "../../../foundation/base/clock.js";
import { silentLogger } from "../../../foundation/base/logger.js";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../../../foundation/contracts/graph.js";
import type { ClassTarget, Predictions, RegressionTarget } from "../../../foundation/contracts/target.js";
import type { Fitted, TrainingContext } from "../../../foundation/contracts/trainer.js";

export function testContext(seed: string | number = 0): TrainingContext {
  return {
    random: createRandom(seed),
    signal: new AbortController().signal,
    clock: systemClock,
    logger: silentLogger,
    threads: 1,
    report: () => undefined,
  };
}

/** One number column for each position of the rows. */
export function frameOf(rows: readonly (readonly number[])[], names?: readonly string[]): Frame {
  const width = rows[0]?.length ?? 0;
  const columns = Array.from({ length: width }, (_, j) => {
    const values = Float32Array.from(rows, (row) => row[j]!);
    return [names?.[j] ?? `x${j}`, { kind: "number", values }] as const;
  });
  return createFrame(columns, rows.length);
}

export function classTarget(codes: readonly number[], classes: number): ClassTarget {
  return {
    task: classes === 2 ? "binary" : "multiclass",
    codes: Int32Array.from(codes),
    classes: Array.from({ length: classes }, (_, k) => `class${k}`),
  };
}

export function regressionTargetOf(values: ArrayLike<number>): RegressionTarget {
  return { task: "regression", values: Float64Array.from(values) };
}

/** Runs what `emit` appends over the frame's columns; row-major. */
export async function runEmitted(
  features: Frame,
  emit: (graph: GraphBuilder, columns: readonly GraphColumn[]) => GraphValue,
): Promise<Float32Array> {
  const graph = createGraph({ name: "test" });
  const feeds: Record<string, { type: "float32"; shape: number[]; data: Float32Array }> = {};
  const columns: GraphColumn[] = [...features.columns].map(([name, column], index) => {
    if (column.kind !== "number" && column.kind !== "boolean" && column.kind !== "vector") {
      throw new Error(`No feature column: ${column.kind}.`);
    }
    const width = column.kind === "vector" ? column.width : 1;
    const input = `input${index}`;
    feeds[input] = { type: "float32", shape: [features.rows, width], data: Float32Array.from(column.values) };
    return { name, kind: column.kind, value: graph.input(input, "float32", ["N", width]) };
  });
  graph.output("result", emit(graph, columns));
  const session = await openSession(graph.toBytes(), { threads: 1 });
  try {
    const { result } = await session.run(feeds);
    return result!.data as Float32Array;
  } finally {
    await session.close();
  }
}

/** Greatest difference between prediction and graph; relative to the magnitude above 1. */
export async function parityGap(fitted: Fitted, features: Frame): Promise<number> {
  const predicted = fitted.predict(features).values;
  const emitted = await runEmitted(features, (graph, columns) => fitted.emit(graph, columns));
  return greatestDifference(predicted, emitted);
}

/** NaN where the lengths differ or a value is not a number. */
export function greatestDifference(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  if (expected.length !== actual.length) return Number.NaN;
  let greatest = 0;
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(expected[i]! - actual[i]!) / Math.max(1, Math.abs(expected[i]!));
    if (!(gap <= greatest)) greatest = gap;
  }
  return greatest;
}

/** The greatest distance of a row's sum from 1. */
export function rowSumGap(predictions: Predictions): number {
  if (predictions.kind === "values") return Number.NaN;
  let greatest = 0;
  for (let base = 0; base < predictions.values.length; base += predictions.classes) {
    let sum = 0;
    for (let k = 0; k < predictions.classes; k++) sum += predictions.values[base + k]!;
    greatest = Math.max(greatest, Math.abs(sum - 1));
  }
  return greatest;
}
