import { createGraph, openSession } from "../src/engines/onnx/index.js";
import { type Column, columnOf, type Frame } from "../src/foundation/contracts/frame.js";
import type { GraphColumn } from "../src/foundation/contracts/graph.js";
import { declareInputs, planGraphInputs } from "../src/foundation/contracts/model-graph.js";
import { encodeFrameColumn } from "../src/foundation/contracts/row-encoding.js";
import type { Transform } from "../src/foundation/contracts/transform.js";
import type { EvaluatedColumn } from "./transform.js";

/** Emits a transform alone into a graph and runs that on each frame with the native runtime. */
export async function evaluateInGraph(
  transform: Transform,
  state: unknown,
  frames: readonly Frame[],
): Promise<EvaluatedColumn[][]> {
  const graph = createGraph({ name: "transform" });
  const inputs = planGraphInputs(
    [...frames[0]!.columns].map(([name, column]) => ({ name, ...columnFacts(column) })),
  );
  const outputs = transform.emit!(graph, declareInputs(graph, inputs), state);
  for (const [index, { value }] of outputs.entries()) graph.output(`output_${index}`, value);
  if (outputs.length === 0) return frames.map(() => []);
  const session = await openSession(graph.toBytes(), { threads: 1 });
  try {
    const evaluated: EvaluatedColumn[][] = [];
    for (const frame of frames) {
      const feeds = inputs.map(
        ({ tensor, column: name, kind, type: precision }) =>
          [tensor, encodeFrameColumn({ name, kind, precision }, columnOf(frame, name))] as const,
      );
      const results = await session.run(Object.fromEntries(feeds));
      const column = ({ name, kind }: GraphColumn, index: number): EvaluatedColumn => ({
        name,
        kind,
        values: results[`output_${index}`]!.data as Float32Array | string[],
      });
      evaluated.push(outputs.map(column));
    }
    return evaluated;
  } finally {
    await session.close();
  }
}

function columnFacts(column: Column) {
  if (column.kind === "vector") return { kind: column.kind, width: column.width };
  if (column.kind !== "number") return { kind: column.kind };
  const precision = column.values instanceof Float64Array ? ("float64" as const) : ("float32" as const);
  return { kind: column.kind, precision };
}
