import { mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createGraph } from "../graph-builder.js";
import { importModel, readSourceModel, writeModelFile } from "../index.js";

const folder = mkdtempSync(join(tmpdir(), "quern-large-"));

it("tensors beside the model are read as they were written", () => {
  const graph = createGraph({ name: "split" });
  const x = graph.input("x", "float32", ["N", 500]);
  const weights = [1, 2].map((factor) =>
    graph.constant(
      "float32",
      [500, 3],
      Float32Array.from({ length: 1500 }, (_, index) => index * factor),
    ),
  );
  graph.output(
    "y",
    graph.op("Add", [graph.op("MatMul", [x, weights[0]!]), graph.op("MatMul", [x, weights[1]!])]),
  );
  const path = join(folder, "model.onnx");
  writeModelFile(path, graph.toModel(), { inlineBytes: 10_000 });
  expect(statSync(path).size).toBeLessThan(1500);
  expect(statSync(`${path}.data`).size).toBe(4096 * 2 + 6000);
  const sums: number[] = [];
  const { graph: read } = importModel(readSourceModel(path), {
    weight: (_, { type, shape, data }) => {
      sums.push((data as Float32Array).reduce((sum, value) => sum + value, 0));
      return graph.constant(type, shape, data);
    },
  });
  expect(sums).toEqual([1124250, 2248500]);
  expect(read.toModel().graph?.output?.[0]?.name).toBe("y");
});
