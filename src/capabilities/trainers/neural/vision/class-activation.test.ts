import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createGraph, Expressions } from "../../../../engines/onnx/index.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import { openActivationMaps } from "./class-activation.js";

const ORACLE = "test/oracles/grad-cam";
const expected = JSON.parse(readFileSync(join(ORACLE, "expected.json"), "utf8")) as {
  side: number;
  networks: Record<string, { shape: number[]; maps: number[][] }>;
};

it.each(["plain", "resnet"])("gives the Grad-CAM maps of PyTorch (%s)", async (name) => {
  const bytes = readFileSync(join(ORACLE, `${name}.onnx`));
  const maps = (await openActivationMaps(bytes, { scores: "probabilities", threads: 1 }))!;
  const { side } = expected;
  const data = Float32Array.from({ length: 3 * side * side }, (_, k) => Math.sin(0.37 * k ** 1.5));
  const picture: Tensor = { type: "float32", shape: [1, 3, side, side], data };
  const wanted = expected.networks[name]!;
  try {
    for (const [chosen, map] of wanted.maps.entries()) {
      const [found, ...others] = (await maps.of({ picture }, chosen)).get("picture")!;
      expect(others).toEqual([]);
      expect([found!.height, found!.width]).toEqual(wanted.shape);
      const most = Math.max(...map, 1e-3);
      for (const [place, value] of map.entries())
        expect(Math.abs(found!.values[place]! - value) / most).toBeLessThan(1e-4);
    }
  } finally {
    await maps.close();
  }
});

it("has none where no convolution leads to the scores, attention stands behind it, or an op has no derivative", async () => {
  const scoresOf = (
    build: (
      x: Expressions,
      picture: ReturnType<Expressions["integers"]>,
    ) => ReturnType<Expressions["integers"]>,
  ) => {
    const graph = createGraph({ name: "x" });
    const x = new Expressions(graph);
    const picture = graph.input("picture", "float32", ["N", 2, 4, 4]);
    graph.output("scores", build(x, picture));
    return openActivationMaps(graph.toBytes(), { scores: "scores", threads: 1 });
  };
  const convolved = (x: Expressions, picture: ReturnType<Expressions["integers"]>) => {
    const kernel = x.graph.constant("float32", [2, 2, 1, 1], [1, 2, 3, 4]);
    return x.graph.op("Conv", [picture, kernel]);
  };
  const pooled = (x: Expressions, value: ReturnType<Expressions["integers"]>) => x.mean(value, [2, 3]);
  expect(await scoresOf((x, picture) => pooled(x, picture))).toBeUndefined();
  const attending = scoresOf((x, picture) => {
    const states = x.reshape(convolved(x, picture), [0, 2, 16]);
    return x.mean(
      x.graph.op("MatMul", [x.graph.op("MatMul", [states, x.transpose(states, [0, 2, 1])]), states]),
      [2],
    );
  });
  expect(await attending).toBeUndefined();
  const steps = scoresOf((x, picture) => {
    const scores = pooled(x, convolved(x, picture));
    return x.graph.op("Mod", [scores, x.graph.constant("float32", [1], [2])], {
      attributes: { fmod: { int: 1 } },
    });
  });
  expect(await steps).toBeUndefined();
});
