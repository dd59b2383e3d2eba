import { columnTensor } from "../src/capabilities/features/host/tensor.js";
import { declareInputs, inputElementType } from "../src/capabilities/features/pipeline/emit.js";
import { createGraph, openSession } from "../src/engines/onnx/index.js";
import type { Column, Frame } from "../src/foundation/contracts/frame.js";
import type { GraphColumn } from "../src/foundation/contracts/graph.js";
import type { Transform } from "../src/foundation/contracts/transform.js";
import type { EvaluatedColumn } from "./transform.js";

/** Emits a transform alone into a graph and runs that on each frame with the native runtime. */
export async function evaluateInGraph(
  transform: Transform,
  state: unknown,
  frames: readonly Frame[],
): Promise<EvaluatedColumn[][]> {
  const graph = createGraph({ name: "transform" });
  const inputs = [...frames[0]!.columns].map(([column, data], index) => ({
    tensor: `input_${index}`,
    column,
    ...columnFacts(data),
  }));
  const outputs = transform.emit!(graph, declareInputs(graph, inputs), state);
  for (const [index, { value }] of outputs.entries()) graph.output(`output_${index}`, value);
  if (outputs.length === 0) return frames.map(() => []);
  const session = await openSession(graph.toBytes(), { threads: 1 });
  try {
    const evaluated: EvaluatedColumn[][] = [];
    for (const frame of frames) {
      const feeds = inputs.map((input) => {
        const precision = inputElementType(input) === "float64" ? "float64" : "float32";
        return [input.tensor, columnTensor(frame.columns.get(input.column)!, precision)] as const;
      });
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
