import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runEmitted } from "../../../../conformance/trainer-graph.js";
import {
  classTarget,
  greatestDifference,
  regressionTargetOf,
  rowSumGap,
} from "../../../../conformance/trainer-testing.js";
import { pack, unpack } from "../../../foundation/base/packing.js";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import { binaryProbabilities, sigmoid, softmaxRows } from "../numeric/links.js";
import {
  applyCalibration,
  type CalibrationMethod,
  type CalibrationState,
  emitCalibration,
  fitCalibration,
} from "./index.js";
import { fitIsotonic, interpolate } from "./isotonic.js";

/** Labels drawn from true logits; the model reports distort(logit). */
function binarySample(rows: number, distort: (logit: number) => number, seed: number) {
  const random = createRandom(seed);
  const logits = Float64Array.from({ length: rows }, () => 1.5 * random.normal() - 0.5);
  const codes = [...logits].map((logit) => (random.uniform() < sigmoid(logit) ? 1 : 0));
  const values = binaryProbabilities(logits.map(distort));
  const predictions: Predictions = { kind: "probabilities", values, classes: 2 };
  return { predictions, target: classTarget(codes, 2) };
}

function multiclassSample(rows: number, sharpness: number, seed: number) {
  const random = createRandom(seed);
  const scores = Float64Array.from({ length: rows * 4 }, () => 1.2 * random.normal());
  const truth = softmaxRows(scores.slice(), 4);
  const codes = Array.from({ length: rows }, (_, row) => {
    let draw = random.uniform();
    let code = 0;
    while (code < 3 && draw >= truth[row * 4 + code]!) draw -= truth[row * 4 + code++]!;
    return code;
  });
  const values = softmaxRows(
    scores.map((score) => sharpness * score),
    4,
  );
  const predictions: Predictions = { kind: "probabilities", values, classes: 4 };
  return { predictions, target: classTarget(codes, 4) };
}

function logLoss({ values }: Predictions, codes: Int32Array, classes: number): number {
  let sum = 0;
  for (let row = 0; row < codes.length; row++)
    sum -= Math.log(Math.max(1e-15, values[row * classes + codes[row]!]!));
  return sum / codes.length;
}

const auto = (sample: ReturnType<typeof binarySample>, seed = 1) =>
  fitCalibration(sample.predictions, sample.target, { method: "auto", random: createRandom(seed) });

describe("the choice of a calibration", () => {
  test("a calibrated model is left alone", () => {
    for (let seed = 0; seed < 10; seed++) {
      const chosen = auto(binarySample(800, (logit) => logit, seed));
      // A change by chance may pass the one-standard-error rule, but only a tiny one.
      if (chosen.method !== "none")
        expect(chosen.losses.none! - chosen.losses[chosen.method]!).toBeLessThan(0.01);
    }
    const untouched = Array.from(
      { length: 10 },
      (_, seed) => auto(binarySample(800, (logit) => logit, seed)).method,
    );
    expect(untouched.filter((method) => method === "none").length).toBeGreaterThanOrEqual(7);
  });

  test("overconfidence is undone, and fresh rows gain by it", () => {
    const chosen = auto(binarySample(1000, (logit) => 3 * logit, 1));
    expect(["temperature", "platt"]).toContain(chosen.method);
    const fresh = binarySample(4000, (logit) => 3 * logit, 2);
    const honest = binarySample(4000, (logit) => logit, 2);
    const codes = fresh.target.codes;
    const after = logLoss(applyCalibration(fresh.predictions, chosen), codes, 2);
    expect(after).toBeLessThan(logLoss(fresh.predictions, codes, 2) - 0.1);
    expect(after).toBeLessThan(logLoss(honest.predictions, codes, 2) + 0.005);
  });

  test("a shift takes Platt, a distortion no sigmoid can undo takes isotonic", () => {
    expect(auto(binarySample(1000, (logit) => logit + 2, 3)).method).toBe("platt");
    const bent = (logit: number) => (logit < 0 ? 4 * logit : logit / 4);
    expect(auto(binarySample(6000, bent, 4)).method).toBe("isotonic");
  });

  test("multiclass overconfidence takes a temperature near the true one", () => {
    const { predictions, target } = multiclassSample(1500, 2.5, 5);
    const chosen = fitCalibration(predictions, target, { method: "auto", random: createRandom(0) });
    expect(chosen.method).toBe("temperature");
    if (chosen.method === "temperature") expect(chosen.sharpness).toBeCloseTo(1 / 2.5, 1);
  });

  test("an ensemble's folds judge a temperature, which need only help", () => {
    const { predictions, target } = multiclassSample(600, 0.9, 21);
    const folds = Int32Array.from(target.codes, (_, row) => row % 8);
    const options = { method: "auto", random: createRandom(0), folds, among: ["temperature"] } as const;
    const strict = fitCalibration(predictions, target, { ...options, margin: 3 });
    const lenient = fitCalibration(predictions, target, { ...options, margin: 0 });
    expect(strict.method).toBe("none");
    expect(Object.keys(lenient.losses).sort()).toEqual(["none", "temperature"]);
    expect(lenient.method).toBe(lenient.losses.temperature! < lenient.losses.none! ? "temperature" : "none");
  });

  test("one confident error does not cost a fortune, however sure the rows were", () => {
    const classes = 4;
    const rows = 1500;
    const codes = Array.from({ length: rows }, (_, row) => row % classes);
    const sure = (of: readonly number[]): Predictions => ({
      kind: "probabilities",
      classes,
      values: Float64Array.from(
        of.flatMap((code) => [0, 1, 2, 3].map((k) => (k === code ? 1 - 3e-9 : 1e-9))),
      ),
    });
    const map = fitCalibration(sure(codes), classTarget(codes, classes), {
      method: "temperature",
      random: createRandom(0),
    });
    const right = applyCalibration(sure([0]), map).values;
    expect(-Math.log(right[0]!)).toBeLessThan(2 / rows);
    expect(-Math.log(right[1]!)).toBeLessThan(Math.log(classes * (rows + 2)) + 1e-9);
    expect(right.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
  });

  test("few rows, values and useless models keep the model's own numbers", () => {
    expect(auto(binarySample(30, (logit) => 9 * logit, 6)).method).toBe("none");
    const values: Predictions = { kind: "values", values: Float64Array.of(1, 2) };
    const random = createRandom(0);
    expect(fitCalibration(values, regressionTargetOf([1, 2]), { method: "auto", random }).method).toBe(
      "none",
    );
    const upsideDown = binarySample(500, (logit) => -logit, 7);
    expect(
      fitCalibration(upsideDown.predictions, upsideDown.target, { method: "platt", random }).method,
    ).toBe("none");
  });

  test("equal inputs give equal bytes, and the state survives packing", () => {
    const sample = binarySample(1000, (logit) => 3 * logit, 8);
    expect(pack(auto(sample))).toEqual(pack(auto(sample)));
    const state = unpack<CalibrationState>(pack(auto(sample)));
    expect(applyCalibration(sample.predictions, state)).toEqual(
      applyCalibration(sample.predictions, auto(sample)),
    );
  });

  test("a weight of two is a row given twice", () => {
    const { predictions, target } = binarySample(300, (logit) => 2 * logit + 1, 9);
    const weights = Float64Array.from(target.codes, (_, row) => (row % 3 === 0 ? 2 : 1));
    const rows = [...target.codes.keys()].flatMap((row) => (row % 3 === 0 ? [row, row] : [row]));
    const repeated: Predictions = {
      kind: "probabilities",
      classes: 2,
      values: Float64Array.from(
        rows.flatMap((row) => [predictions.values[2 * row]!, predictions.values[2 * row + 1]!]),
      ),
    };
    const repeatedTarget = classTarget(
      rows.map((row) => target.codes[row]!),
      2,
    );
    for (const method of ["platt", "temperature"] as const) {
      const random = createRandom(0);
      const one = fitCalibration(predictions, target, { method, random, weights });
      const two = fitCalibration(repeated, repeatedTarget, { method, random });
      const difference = greatestDifference(
        applyCalibration(predictions, one).kind === "values" ? [] : applyCalibration(predictions, one).values,
        applyCalibration(predictions, two).values,
      );
      expect(difference).toBeLessThan(1e-9);
    }
  });
});

describe("a calibration in the graph", () => {
  const methods: readonly CalibrationMethod[] = ["none", "platt", "temperature", "isotonic"];
  for (const method of methods) {
    test(`${method}: graph = TypeScript, rows sum to 1, order kept`, async () => {
      for (const [classes, sample] of [
        [2, binarySample(600, (logit) => 4 * logit - 3, 10)],
        [4, multiclassSample(600, 3, 11)],
      ] as const) {
        const state = fitCalibration(sample.predictions, sample.target, { method, random: createRandom(0) });
        // The runtime's own noise: float32 probabilities up to 1e-7 away from those of the trainer.
        const random = createRandom(12);
        const noisy = sample.predictions.values.map((value) =>
          Math.max(0, Math.min(1, value + 1e-7 * (2 * random.uniform() - 1))),
        );
        const features = createFrame([
          ["p", { kind: "vector", values: Float32Array.from(noisy), width: classes }],
        ]);
        const emitted = await runEmitted(features, (graph, [column]) =>
          emitCalibration(graph, column!.value, state),
        );
        const applied = applyCalibration(sample.predictions, state);
        expect(greatestDifference(applied.values, emitted)).toBeLessThan(1e-5);
        expect(rowSumGap(applied)).toBeLessThan(1e-9);
        if (classes === 2) expectSameOrder(sample.predictions.values, applied.values);
      }
    });
  }
});

function expectSameOrder(before: Float64Array, after: Float64Array): void {
  const order = Array.from({ length: before.length / 2 }, (_, row) => row).sort(
    (a, b) => before[2 * a + 1]! - before[2 * b + 1]!,
  );
  for (let i = 1; i < order.length; i++) {
    const low = order[i - 1]!;
    const high = order[i]!;
    const apart = before[2 * high + 1]! - before[2 * low + 1]!;
    if (apart > 1e-9) expect(after[2 * high + 1]!).toBeGreaterThan(after[2 * low + 1]!);
  }
}

test("isotonic maps rise from 0 to 1, never steeply, whatever the data", () => {
  const entry = fc.record({
    p: fc.double({ min: 0, max: 1, noNaN: true }),
    y: fc.integer({ min: 0, max: 1 }),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
      const map = fitIsotonic(
        Float64Array.from(entries, ({ p }) => p),
        entries.map(({ y }) => y),
      );
      expect(map.knots[0]).toBe(0);
      expect(map.knots.at(-1)).toBe(1);
      for (let k = 1; k < map.knots.length; k++) {
        expect(map.knots[k]!).toBeGreaterThan(map.knots[k - 1]!);
        expect(map.values[k]!).toBeGreaterThan(map.values[k - 1]!);
        expect((map.values[k]! - map.values[k - 1]!) / (map.knots[k]! - map.knots[k - 1]!)).toBeLessThan(51);
      }
      expect(interpolate(map, 0)).toBeGreaterThanOrEqual(0);
      expect(interpolate(map, 1)).toBeLessThanOrEqual(1);
    }),
  );
});
