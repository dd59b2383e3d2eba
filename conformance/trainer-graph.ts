import { createGraph, openSession } from "../src/engines/onnx/index.js";
import { cellSize, type Frame, isWide } from "../src/foundation/contracts/frame.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../src/foundation/contracts/graph.js";
import {
  declareInputs,
  type GraphInputColumn,
  planGraphInputs,
} from "../src/foundation/contracts/model-graph.js";
import { encodeFrameColumn } from "../src/foundation/contracts/row-encoding.js";
import type { Fitted } from "../src/foundation/contracts/trainer.js";

/** Emits a fitted model alone into a graph and runs that on the frame with the native runtime. */
export async function predictInGraph(fitted: Fitted, features: Frame): Promise<Float32Array> {
  return runEmitted(features, (graph, columns) => fitted.emit(graph, columns));
}

/** Runs what `emit` appends over the frame's columns; row-major. */
export async function runEmitted(
  features: Frame,
  emit: (graph: GraphBuilder, columns: readonly GraphColumn[]) => GraphValue,
): Promise<Float32Array> {
  const graph = createGraph({ name: "features" });
  const inputs = planGraphInputs(
    [...features.columns].map(([name, column]): GraphInputColumn => {
      return { name, kind: column.kind, ...(isWide(column) ? cellSize(column) : {}) };
    }),
  );
  graph.output("result", emit(graph, declareInputs(graph, inputs)));
  const session = await openSession(graph.toBytes(), { threads: 1 });
  try {
    // A model that looks at no feature has a graph without that input.
    const wanted = new Set(session.inputs.map((input) => input.name));
    const feeds = inputs
      .filter(({ tensor }) => wanted.has(tensor))
      .map(({ tensor, column: name, kind }) => [
        tensor,
        encodeFrameColumn({ name, kind }, features.columns.get(name)!),
      ]);
    return (await session.run(Object.fromEntries(feeds))).result!.data as Float32Array;
  } finally {
    await session.close();
  }
}
