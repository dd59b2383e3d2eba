import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../../conformance/trainer.js";
import { adamW, constant, squaredError } from "../../../engines/autodiff/index.js";
import { createRandom } from "../../../foundation/base/random.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { type Batches, sampledBatches, streamedBatches } from "./batches.js";
import { traceNetwork } from "./blueprint.js";
import { networkAnswers } from "./inference.js";
import { zeros } from "./initializers.js";
import { activate } from "./layers/activations.js";
import { dense } from "./layers/dense.js";
import { embedding, tiedScores } from "./layers/embedding.js";
import { isLora, loraDense } from "./layers/lora.js";
import { batchNorm } from "./layers/normalization.js";
import type { NetworkFunction, Scope } from "./scope.js";
import { type NetworkTraining, trainNetwork } from "./train-network.js";

const [ROWS, BATCH] = [64, 16];
const random = createRandom("train-network");
const drawn = (count: number) => Float32Array.from({ length: count }, () => random.normal());
const x: Tensor = { type: "float32", shape: [ROWS, 3], data: drawn(ROWS * 3) };
const y: Tensor = {
  type: "float32",
  shape: [ROWS, 1],
  data: Float32Array.from({ length: ROWS }, (_, row) => 2 * x.data[3 * row]! - x.data[3 * row + 1]!),
};

function network(scope: Scope, value: GraphValue): GraphValue {
  const hidden = activate(scope.x, batchNorm(scope.at("norm"), dense(scope.at("first"), value, 8)), "relu");
  const kept = scope.dropout(scope.dropout(hidden, 0.1), 0.2);
  return dense(scope.at("second"), kept, 1);
}
const loss: NetworkFunction<GraphValue> = (scope, inputs) =>
  scope.x.mean(squaredError(scope.x, network(scope, inputs.x!), inputs.y!));

const training = (changes: Partial<NetworkTraining> = {}): NetworkTraining => ({
  batches: sampledBatches({ x, y }, { batch: BATCH, random: createRandom("rows") }),
  loss,
  optimizer: adamW(),
  learningRate: 0.03,
  schedule: constant,
  steps: 100,
  ...changes,
});
const validation: NetworkTraining["validation"] = {
  inputs: { x: { type: "float32", shape: ["N", 3] } },
  outputs: (scope, inputs) => ({ made: network(scope, inputs.x!) }),
  async judge(run) {
    const made = (await run({ x })).made!.data as Float32Array;
    return made.reduce((sum, value, row) => sum + (value - y.data[row]!) ** 2, 0) / ROWS;
  },
};
const trained = (changes?: Partial<NetworkTraining>) => trainNetwork(training(changes), trainingContext());

describe("trainNetwork", () => {
  it("learns, with running statistics that end up in the network, and repeats itself bit by bit", async () => {
    const once = await trained();
    expect(once.curves.trainLoss!.at(-1)!).toBeLessThan(once.curves.trainLoss![0]! / 3);
    expect(await trained({ stepsAtOnce: 3 })).toEqual(once);
    const { values } = once.tensors["norm.variance"]!;
    expect(values.every((value) => value > 0 && value !== 1)).toBe(true);
    const answers = networkAnswers((scope, inputs) => network(scope, inputs.x!), once.tensors);
    const error = answers({ x }).map((value, row) => (value - y.data[row]!) ** 2);
    expect(error.reduce((sum, value) => sum + value, 0) / ROWS).toBeLessThan(0.5);
  });

  it("takes batches made outside as it takes rows of shared tensors", async () => {
    const rows = createRandom("rows");
    const sampled = sampledBatches({ x, y }, { batch: BATCH, random: rows });
    const take = (tensor: Tensor, numbers: BigInt64Array) => {
      const width = tensor.shape[1]!;
      const data = tensor.data as Float32Array;
      return Float32Array.from({ length: numbers.length * width }, (_, k) => {
        return data[Number(numbers[Math.floor(k / width)]) * width + (k % width)]!;
      });
    };
    const batches: Batches = streamedBatches(
      { x: { type: "float32", shape: [BATCH, 3] }, y: { type: "float32", shape: [BATCH, 1] } },
      async (steps) => {
        const numbers = (await sampled.next(steps)).rows as BigInt64Array;
        return { x: take(x, numbers), y: take(y, numbers) };
      },
    );
    expect((await trained({ batches })).tensors).toEqual((await trained()).tensors);
  });

  it("keeps the best weights, and stops when looks find nothing better", async () => {
    const whole = await trained({ validation, steps: 200 });
    const losses = whole.curves.validationLoss!;
    expect(whole.bestStep).toBe((losses.indexOf(Math.min(...losses)) + 1) * 10);
    const last = await trained({ validation, steps: 200, keep: "last" });
    expect(last.bestStep).toBe(200);
    let looks = 0;
    const worse = { ...validation, judge: async () => looks++ };
    const stopped = await trained({ validation: worse, steps: 200, patience: 3 });
    expect(stopped).toMatchObject({ steps: 40, bestStep: 10 });
    expect(stopped.curves.validationLoss).toEqual([0, 1, 2, 3]);
  });

  it("keeps the moving average of the weights where that is wanted, and judges it", async () => {
    const steps = 4;
    const after: Float32Array[] = [];
    for (let k = 1; k <= steps; k++)
      after.push((await trained({ steps: k })).tensors["first.weight"]!.values);
    const decay = 1 - 1 / steps;
    const shares = after.map((_, k) => ((1 - decay) * decay ** (steps - 1 - k)) / (1 - decay ** steps));
    const expected = after[0]!.map((_, at) =>
      after.reduce((sum, values, k) => sum + shares[k]! * values[at]!, 0),
    );
    const averaged = await trained({ steps, averaging: 1 });
    for (const [at, value] of averaged.tensors["first.weight"]!.values.entries())
      expect(value).toBeCloseTo(expected[at]!, 5);
    const judged = await trained({ steps, averaging: 1, validation, looks: 1 });
    expect(judged.tensors).toEqual(averaged.tensors);
    const plain = await trained({ steps, validation, looks: 1 });
    expect(judged.curves.validationLoss).not.toEqual(plain.curves.validationLoss);
  });

  it("starts from given values, freezes and slows what the treatment says", async () => {
    const given = (await trained({ steps: 20 })).tensors;
    const tuned = await trained({
      steps: 1,
      given,
      treatment: (name) => (name.startsWith("first") ? { isFrozen: true } : { rateFactor: 0 }),
    });
    const { "norm.mean": before, ...others } = given;
    for (const [name, tensor] of Object.entries(others)) {
      if (name !== "norm.variance") expect({ [name]: tuned.tensors[name] }).toEqual({ [name]: tensor });
    }
    expect(tuned.tensors["norm.mean"]).not.toEqual(before);
    const other = { ...given, "first.bias": { shape: [3], values: new Float32Array(3) } };
    await expect(trained({ given: other })).rejects.toThrow(/first.bias is \[8\], the given one is \[3\]/);
  });

  it("goes on from a checkpoint of the context to the same bytes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "train-network-"));
    const checkpoints = { folder, identity: "this one", leastMs: 0 };
    try {
      const whole = await trained({ validation });
      let looks = 0;
      const controller = new AbortController();
      const interrupted = {
        ...validation!,
        judge: async (run: Parameters<NonNullable<typeof validation>["judge"]>[0]) => {
          if (++looks === 7) controller.abort(new Error("enough"));
          return validation!.judge(run);
        },
      };
      const context = { ...trainingContext(), checkpoints };
      const first = trainNetwork(training({ validation: interrupted }), {
        ...context,
        signal: controller.signal,
      });
      await expect(first).rejects.toThrow("enough");
      expect(await trainNetwork(training({ validation }), context)).toEqual(whole);
      expect(looks).toBe(7);
      const other = { ...trainingContext(), checkpoints: { folder, identity: "another" } };
      expect(await trainNetwork(training({ validation }), other)).toEqual(whole);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("tunes corrections of low rank alone, which begin as nothing", async () => {
    const given = (await trained({ steps: 30 })).tensors;
    const linear = loraDense({ rank: 2, alpha: 4, adapts: (path) => path === "second" });
    const adapted: NetworkFunction<GraphValue> = (scope, inputs) => {
      const hidden = activate(scope.x, dense(scope.at("first"), inputs.x!, 8), "relu");
      return scope.x.mean(squaredError(scope.x, linear(scope.at("second"), hidden, 1), inputs.y!));
    };
    const treatment = (name: string) => ({ isFrozen: !isLora(name) });
    const tuned = (steps: number) => trained({ loss: adapted, given, treatment, steps });
    const once = await tuned(1);
    for (const name of ["first.weight", "first.bias", "second.weight", "second.bias"]) {
      expect(once.tensors[name]).toEqual(given[name]);
    }
    expect(Object.keys(once.tensors).filter(isLora)).toEqual(["second.lora.down", "second.lora.up"]);
    const { curves } = await tuned(100);
    expect(curves.trainLoss![0]).toBeGreaterThan(curves.trainLoss!.at(-1)!);
  });

  it("averages the gradients of several batches", async () => {
    const deaf = (changes: Partial<NetworkTraining>) => trained({ steps: 3, ...changes });
    const twice = await deaf({ accumulate: 2 });
    expect(twice.curves.trainLoss).toHaveLength(3);
    expect(twice.tensors).not.toEqual((await deaf({})).tensors);
  });

  it("stops with the reason of the signal", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const judge = async () => {
      controller.abort(reason);
      return 0;
    };
    const context = { ...trainingContext(), signal: controller.signal };
    const definition = training({ validation: { ...validation, judge } });
    await expect(trainNetwork(definition, context)).rejects.toBe(reason);
  });
});

describe("traceNetwork", () => {
  const { batches } = training();
  it("lists parameters by hierarchical names, and where values are dropped", () => {
    const { declarations, dropouts } = traceNetwork(loss, batches);
    expect(declarations.map(({ name, shape }) => `${name} [${shape}]`)).toEqual([
      "first.weight [3,8]",
      "first.bias [8]",
      "norm.scale [8]",
      "norm.bias [8]",
      "norm.mean [8]",
      "norm.variance [8]",
      "second.weight [8,1]",
      "second.bias [1]",
    ]);
    expect(dropouts).toEqual([
      { rate: 0.1, elements: BATCH * 8 },
      { rate: 0.2, elements: BATCH * 8 },
    ]);
  });

  it("scores ids by the weights that embed them", () => {
    const options = { vocabulary: 5, width: 4 };
    const { declarations } = traceNetwork(
      (scope, { ids }) => {
        const scores = tiedScores(scope.at("ids"), embedding(scope.at("ids"), ids!, options), options);
        expect(scores.shape).toEqual([2, 3, 5]);
      },
      streamedBatches({ ids: { type: "int64", shape: [2, 3] } }, () => ({})),
    );
    expect(declarations.map(({ name, shape }) => `${name} [${shape}]`)).toEqual(["ids.weight [5,4]"]);
  });

  it("shares what is asked for twice, but not under another shape", () => {
    const twice = (scope: Scope, size: number) => [
      scope.parameter("weight", [3], zeros),
      scope.parameter("weight", [size], zeros),
    ];
    const { declarations } = traceNetwork((scope) => twice(scope.at("tied"), 3), batches);
    expect(declarations.map(({ name }) => name)).toEqual(["tied.weight"]);
    expect(() => traceNetwork((scope) => twice(scope.at("tied"), 4), batches)).toThrow(
      "The parameter tied.weight is [3] in one place, [4] in another.",
    );
  });
});
