/** Networks that PyTorch exported: imported, run and differentiated as PyTorch does it (test/oracles/onnx-exports). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { GraphValue } from "../../foundation/contracts/graph.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import {
  appendModel,
  createGraph,
  Expressions,
  inputPorts,
  openBuiltModel,
  parseSourceModel,
} from "../onnx/index.js";
import { gradients } from "./gradients.js";

interface Exported {
  /** Base64. */
  readonly bytes: string;
  /** Euclidean norm of the gradient of the sum of squared outputs, by parameter. */
  readonly gradients: Readonly<Record<string, number>>;
}
interface Recorded {
  readonly name: string;
  readonly models: Readonly<Record<"traced" | "dynamo", Exported>>;
  readonly inputs: readonly {
    readonly name: string;
    readonly type: "int64" | "float32";
    readonly shape: readonly number[];
    readonly data: readonly number[];
  }[];
  readonly output: { readonly shape: readonly number[]; readonly data: readonly number[] };
}

const file = new URL("../../../test/oracles/onnx-exports/exports.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: readonly Recorded[] };

function feedsOf({ inputs }: Recorded): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.map(({ name, type, shape, data }): [string, Tensor] => [
      name,
      type === "int64"
        ? { type, shape, data: BigInt64Array.from(data, BigInt) }
        : { type, shape, data: Float32Array.from(data) },
    ]),
  );
}

const norm = (data: Tensor["data"]): number =>
  Math.sqrt(Array.from(data as Float32Array).reduce((sum, value) => sum + value * value, 0));

/** Output and gradients with every float initializer of the model as an input of the graph. */
async function trained(recorded: Recorded, { bytes, gradients: expected }: Exported) {
  const source = parseSourceModel(Buffer.from(bytes, "base64"));
  const graph = createGraph({ name: "gradients" });
  const feeds = feedsOf(recorded);
  const weights = new Map<string, GraphValue>();
  const inputs = Object.fromEntries(
    // As training gives them: of known sizes.
    inputPorts(source).map(({ name, type }) => [name, graph.input(name, type, feeds[name]!.shape)]),
  );
  const { y } = appendModel(graph, source, inputs, {
    weight(name, content) {
      const value = graph.input(`weight ${name}`, content.type, content.shape);
      feeds[value.name] = content as Tensor;
      weights.set(name, value);
      return value;
    },
  });
  const x = new Expressions(graph);
  const parameters = [...weights].filter(([name]) => name in expected);
  const derived = gradients(
    graph,
    x.sum(x.square(y!)),
    parameters.map(([, value]) => value),
  );
  graph.output("output", y!);
  for (const [index, [name]] of parameters.entries()) graph.output(`gradient ${name}`, derived[index]!);
  const session = await openBuiltModel(graph.toModel(), { threads: 1 });
  const results = await session.run(feeds);
  await session.close();
  return { results, names: parameters.map(([name]) => name) };
}

describe.each(cases)("an export of $name", (recorded) => {
  it.each(["traced", "dynamo"] as const)(
    "by the %s exporter gives PyTorch's output and gradients",
    async (exporter) => {
      const { results, names } = await trained(recorded, recorded.models[exporter]);
      const output = results.output!;
      expect(output.shape).toEqual(recorded.output.shape);
      for (const [index, value] of recorded.output.data.entries()) {
        expect(Math.abs(Number(output.data[index]) - value)).toBeLessThan(
          1e-5 * Math.max(1, Math.abs(value)),
        );
      }
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) {
        const expected = recorded.models[exporter].gradients[name]!;
        const difference = Math.abs(norm(results[`gradient ${name}`]!.data) - expected);
        expect([name, difference < 1e-4 * Math.max(1, expected)]).toEqual([name, true]);
      }
    },
  );
});
