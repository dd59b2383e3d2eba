import { readFileSync } from "node:fs";
import * as web from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { admitModel, createGraph } from "../../../../engines/onnx/index.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { exportScope } from "../inference.js";
import { bidirectional } from "./recurrent.js";

interface Recorded {
  readonly shape: number[];
  readonly values: number[];
}
interface Case {
  readonly inputs: { readonly value: Recorded };
  readonly constants: { readonly mask: Recorded };
  readonly parameters: Record<string, Recorded>;
  readonly output: Recorded;
}
const file = new URL("../../../../../test/oracles/layers/layers.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Record<string, Case> };

function exported(cell: "lstm" | "gru", parameters: Record<string, Recorded>): Uint8Array {
  const graph = createGraph({ name: "recurrent" });
  const tensors = Object.entries(parameters).map(
    ([name, { shape, values }]) => [name, { shape, values: Float32Array.from(values) }] as const,
  );
  const scope = exportScope(graph, Object.fromEntries(tensors));
  const { x } = scope;
  const value: GraphValue = graph.input("value", "float32", ["N", 4, 3]);
  const lengths = cast(graph, x.sum(graph.input("mask", "float32", ["N", 4]), [1]), "int32");
  const { states, last } = bidirectional(scope, value, { width: 4, cell, lengths });
  graph.output("answer", x.concat([x.reshape(states, [0, 32]), last], 1));
  return graph.toBytes();
}

describe("an exported recurrent layer", () => {
  it.each(["lstm", "gru"] as const)(
    "is admitted, and the browser's runtime gives PyTorch's answers: %s",
    async (cell) => {
      const { inputs, constants, parameters, output } = cases[`bidirectional ${cell} with lengths`]!;
      const { bytes } = admitModel(exported(cell, parameters));
      web.env.wasm.numThreads = 1;
      const session = await web.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
      // The third row is empty.
      const filled = (from: Recorded) => {
        const width = from.values.length / 2;
        const values = Float32Array.from([...from.values, ...new Array<number>(width).fill(0)]);
        return new web.Tensor("float32", values, [3, ...from.shape.slice(1)]);
      };
      const { answer } = await session.run({ value: filled(inputs.value), mask: filled(constants.mask) });
      await session.release();
      const expected = [...output.values, ...new Array<number>(output.values.length / 2).fill(0)];
      const actual = answer!.data as Float32Array;
      expect(actual).toHaveLength(expected.length);
      expect(Math.max(...expected.map((one, k) => Math.abs(one - actual[k]!)))).toBeLessThan(1e-5);
    },
  );
});
