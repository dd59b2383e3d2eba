import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AttributeValue, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { createGraph, Expressions, openBuiltModel } from "../../onnx/index.js";
import { gradients } from "../gradients.js";

interface RecordedTensor {
  readonly shape: number[];
  readonly type: "float32" | "int64" | "bool";
  readonly data: number[];
}
interface Case {
  readonly name: string;
  readonly op: string;
  readonly attributes: Record<string, AttributeValue>;
  readonly inputs: (RecordedTensor | null)[];
  readonly seeds: RecordedTensor[];
  readonly values: RecordedTensor[];
  readonly gradients: (RecordedTensor | null)[];
}
const file = new URL("../../../../test/oracles/autodiff/ops.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

const floats = ({ shape, data }: RecordedTensor): Tensor => ({
  type: "float32",
  shape,
  data: Float32Array.from(data),
});

/** Greatest difference, relative above 1. */
function gap(actual: Tensor, expected: RecordedTensor): number {
  expect(actual.shape).toEqual(expected.shape);
  const data = actual.data as Float32Array;
  return Math.max(
    ...expected.data.map((value, k) => Math.abs(data[k]! - value) / Math.max(1, Math.abs(value))),
  );
}

function build({ op, attributes, inputs, seeds }: Case) {
  const graph = createGraph({ name: op });
  const x = new Expressions(graph);
  const feeds: Record<string, Tensor> = {};
  const free: [number, GraphValue][] = [];
  const values = inputs.map((input, index) => {
    if (!input) return undefined;
    const { type, shape, data } = input;
    // Lengths of sequences are the only integers that the standard wants in 32 bits.
    if (type !== "float32") return graph.constant(index === 4 ? "int32" : type, shape, data);
    const value = graph.input(`x${index}`, type, shape);
    feeds[value.name] = floats(input);
    free.push([index, value]);
    return value;
  });
  const results = graph.node(op, values, { attributes }).slice(0, seeds.length);
  const terms = results.map((value, k) => {
    feeds[`seed${k}`] = floats(seeds[k]!);
    return x.sum(x.mul(value, graph.input(`seed${k}`, "float32", seeds[k]!.shape)));
  });
  const loss = terms.reduce((sum, term) => x.add(sum, term));
  const back = gradients(
    graph,
    loss,
    free.map(([, value]) => value),
  );
  for (const [k, value] of results.entries()) graph.output(`y${k}`, value);
  for (const [k, [index]] of free.entries()) graph.output(`d${index}`, back[k]!);
  return { graph, feeds, free };
}

describe("values and gradients of ops recorded from PyTorch", () => {
  it.each(cases.map((recorded) => [recorded.op, recorded.name, recorded] as const))(
    "agree for %s, %s",
    async (_op, _name, recorded) => {
      const { graph, feeds, free } = build(recorded);
      const session = await openBuiltModel(graph.toModel(), { threads: 1 });
      const results = await session.run(feeds);
      await session.close();
      for (const [k, value] of recorded.values.entries()) {
        expect(gap(results[`y${k}`]!, value), `output ${k}`).toBeLessThan(1e-5);
      }
      for (const [index] of free) {
        expect(gap(results[`d${index}`]!, recorded.gradients[index]!), `input ${index}`).toBeLessThan(1e-5);
      }
    },
  );
});
