import { createGraph, openSession } from "../src/engines/onnx/index.js";
import type { Column, Frame } from "../src/foundation/contracts/frame.js";
import type { GraphColumn } from "../src/foundation/contracts/graph.js";
import type { Fitted } from "../src/foundation/contracts/trainer.js";

/** Emits a fitted model alone into a graph and runs that on the frame with the native runtime. */
export async function predictInGraph(fitted: Fitted, features: Frame): Promise<Float32Array> {
  const graph = createGraph({ name: "trainer" });
  const columns = [...features.columns];
  const inputs = columns.map(([name, column], index): GraphColumn => {
    const kind = column.kind as "number" | "boolean" | "vector";
    return { name, kind, value: graph.input(`input_${index}`, "float32", ["N", widthOf(column)]) };
  });
  graph.output("prediction", fitted.emit(graph, inputs));
  const session = await openSession(graph.toBytes(), { threads: 1 });
  try {
    const wanted = new Set(session.inputs.map((input) => input.name));
    const feeds = columns.map(([, column], index) => [
      `input_${index}`,
      {
        type: "float32",
        shape: [features.rows, widthOf(column)],
        data: Float32Array.from(valuesOf(column)),
      } as const,
    ]);
    const results = await session.run(
      Object.fromEntries(feeds.filter(([name]) => wanted.has(name as string))),
    );
    return results["prediction"]!.data as Float32Array;
  } finally {
    await session.close();
  }
}

function widthOf(column: Column): number {
  return column.kind === "vector" ? column.width : 1;
}
function valuesOf(column: Column): ArrayLike<number> {
  return (column as { values: Float32Array }).values;
}
