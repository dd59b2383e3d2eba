import { createGraph, openSession } from "../src/engines/onnx/index.js";
import { cellSize, type Frame, isWide } from "../src/foundation/contracts/frame.js";
import {
  declareInputs,
  type GraphInputColumn,
  planGraphInputs,
} from "../src/foundation/contracts/model-graph.js";
import { encodeFrameColumn } from "../src/foundation/contracts/row-encoding.js";
import type { FittedStructure, StructureTensors } from "../src/foundation/contracts/structured-trainer.js";

/** Emits a fitted model of a structured task alone into a graph and runs that on the frame with the native runtime. */
export async function structuresInGraph(fitted: FittedStructure, features: Frame): Promise<StructureTensors> {
  const graph = createGraph({ name: "structures" });
  const inputs = planGraphInputs(
    [...features.columns].map(([name, column]): GraphInputColumn => {
      return { name, kind: column.kind, ...(isWide(column) ? cellSize(column) : {}) };
    }),
  );
  for (const [name, value] of Object.entries(fitted.emit(graph, declareInputs(graph, inputs)))) {
    graph.output(name, value);
  }
  const session = await openSession(graph.toBytes(), { threads: 1 });
  try {
    const feeds = inputs.map(({ tensor, column: name, kind }) => [
      tensor,
      encodeFrameColumn({ name, kind }, features.columns.get(name)!),
    ]);
    return await session.run(Object.fromEntries(feeds));
  } finally {
    await session.close();
  }
}
