import { describe, expect, it } from "vitest";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { createGraph, Expressions, openBuiltModel } from "../../onnx/index.js";
import { gradients } from "../gradients.js";

const SHAPES = { query: [2, 3, 5, 2], key: [2, 3, 6, 2], values: [2, 3, 6, 2], mask: [2, 3, 5, 6] };
type Name = keyof typeof SHAPES;

/** @param hides between the shares and what they weigh, so that the rule sees no product behind its cotangent */
async function attentionGradients(masks: boolean, hides: boolean) {
  const graph = createGraph({ name: "attention" });
  const x = new Expressions(graph);
  const input = (name: Name) => graph.input(name, "float32", SHAPES[name]);
  const [query, key, values] = [input("query"), input("key"), input("values")];
  const scores = x.matmul(query, x.transposeMatrices(key));
  const shares = graph.op("Softmax", [scores], { attributes: { axis: { int: -1 } } });
  const seen = (value: GraphValue) => (hides ? x.apply("Identity", x.add(value, 0)) : value);
  const weights = masks ? x.mul(seen(shares), input("mask")) : seen(shares);
  const loss = x.sum(
    x.apply("Sin", x.matmul(hides ? x.apply("Neg", x.apply("Neg", weights)) : weights, values)),
  );
  for (const [k, gradient] of gradients(graph, loss, [query, key, values]).entries()) {
    graph.output(`d${k}`, gradient);
  }
  const model = graph.toModel();
  const session = await openBuiltModel(model, { threads: 1 });
  const names = (Object.keys(SHAPES) as Name[]).filter((name) => masks || name !== "mask");
  const feeds = Object.fromEntries(
    names.map((name, seed) => {
      const size = SHAPES[name].reduce((product, length) => product * length, 1);
      const data = Float32Array.from({ length: size }, (_, k) => Math.sin(7 * k + seed));
      return [name, { type: "float32" as const, shape: SHAPES[name], data }];
    }),
  );
  const results = await session.run(feeds);
  await session.close();
  const sums = model.graph!.node!.filter(({ opType }) => opType === "ReduceSum").length;
  return { values: ["d0", "d1", "d2"].map((name) => results[name]!.data as Float32Array), sums };
}

describe("Softmax inside attention", () => {
  it.each([false, true])("has the derivative it has elsewhere; masked: %s", async (masks) => {
    const [narrow, plain] = [await attentionGradients(masks, false), await attentionGradients(masks, true)];
    for (const [k, gradient] of narrow.values.entries()) {
      expect(Math.max(...gradient.map((value, at) => Math.abs(value - plain.values[k]![at]!)))).toBeLessThan(
        1e-6,
      );
    }
    expect(Math.max(...narrow.values[0]!.map(Math.abs))).toBeGreaterThan(0.01);
  });
});
