import { columnTensor } from "../src/capabilities/features/host/tensor.js";
import { declareInputs, inputElementType } from "../src/capabilities/features/pipeline/emit.js";
import { createGraph, openSession } from "../src/engines/onnx/index.js";
import type { Column, Frame } from "../src/foundation/contracts/frame.js";
import type { Transform } from "../src/foundation/contracts/transform.js";
import type { EvaluatedColumn } from "./transform.js";

/** Emits a transform alone into a graph and runs that on the frame with the native runtime. */
export async function evaluateInGraph(
  transform: Transform,
  state: unknown,
  frame: Frame,
): Promise<EvaluatedColumn[]> {
  const graph = createGraph({ name: "transform" });
  const inputs = [...frame.columns].map(([column, data], index) => ({
    tensor: `input_${index}`,
    column,
    ...columnFacts(data),
  }));
  const outputs = transform.emit!(graph, declareInputs(graph, inputs), state);
  for (const [index, { value }] of outputs.entries()) graph.output(`output_${index}`, value);
  if (outputs.length === 0) return [];
  const session = await openSession(graph.toBytes(), { threads: 1 });
  try {
    const feeds = inputs.map((input) => {
      const precision = inputElementType(input) === "float64" ? "float64" : "float32";
      return [input.tensor, columnTensor(frame.columns.get(input.column)!, precision)] as const;
    });
    const results = await session.run(Object.fromEntries(feeds));
    return outputs.map(({ name, kind }, index) => ({
      name,
      kind,
      values: results[`output_${index}`]!.data as Float32Array | string[],
    }));
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
