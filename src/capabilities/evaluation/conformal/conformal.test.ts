import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createGraph, openSession } from "../../../engines/onnx/index.js";
import { createRandom } from "../../../foundation/base/random.js";
import { type Conformal, conformalSchema } from "../../../foundation/contracts/conformal.js";
import type { ClassTarget } from "../../../foundation/contracts/target.js";
import { predictIntervals, predictSets } from "./apply.js";
import { calibrate, calibrateInterval, calibrateSets } from "./calibrate.js";
import { crossConformalIntervals } from "./cross-conformal.js";
import { emitIntervals, emitSets } from "./emit.js";
import { measureCoverage } from "./measure.js";
import { conformalQuantile } from "./quantile.js";
import { classScores } from "./scores.js";

interface RecordedSets {
  readonly score: "lac" | "aps" | "raps";
  readonly level: number;
  readonly quantile: number;
  readonly sets: number[];
  readonly penalty?: number;
  readonly rank?: number;
}
interface Recorded {
  readonly classification: {
    readonly classes: number;
    readonly calibration: number;
    readonly labels: number[];
    readonly probabilities: number[];
    readonly uniforms: number[];
    readonly sets: RecordedSets[];
  };
  readonly regression: {
    readonly calibration: number;
    readonly actual: number[];
    readonly predicted: number[];
    readonly intervals: { readonly level: number; readonly bounds: number[] }[];
    readonly cross: {
      readonly folds: number[];
      readonly outOfFold: number[];
      readonly foldPredictions: number[][];
      readonly results: { readonly level: number; readonly bounds: number[] }[];
    };
  };
}
const RECORDED: Recorded = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/trust/conformal.json", import.meta.url), "utf8"),
);
const { classification, regression } = RECORDED;
const CLASSES = ["a", "b", "c", "d"];
const calibrationRows = {
  target: {
    task: "multiclass",
    codes: Int32Array.from(classification.labels.slice(0, classification.calibration)),
    classes: CLASSES,
  } satisfies ClassTarget,
  predictions: {
    kind: "probabilities",
    classes: 4,
    values: Float64Array.from(classification.probabilities.slice(0, classification.calibration * 4)),
  },
  calibratedOn: "held-out",
} as const;
const newProbabilities = Float64Array.from(
  classification.probabilities.slice(classification.calibration * 4),
);

/** MAPIE never answers an empty set: the most probable class is in it. */
function withMostProbable(sets: Uint8Array, probabilities: Float64Array): number[] {
  const filled = Array.from(sets);
  for (let start = 0; start < sets.length; start += 4) {
    if (sets.subarray(start, start + 4).includes(1)) continue;
    const row = Array.from(probabilities.subarray(start, start + 4));
    filled[start + row.indexOf(Math.max(...row))] = 1;
  }
  return filled;
}

describe("prediction sets", () => {
  it.each(classification.sets.filter(({ score }) => score !== "raps"))(
    "are those of MAPIE: $score at $level",
    ({ score, level, quantile, sets }) => {
      const uniforms = Float64Array.from(classification.uniforms);
      const conformal = calibrateSets(calibrationRows, { level, method: score, uniforms });
      for (const threshold of conformal.thresholds) expect(threshold).toBeCloseTo(quantile, 9);
      const mine = predictSets(conformal, newProbabilities);
      expect(score === "lac" ? Array.from(mine) : withMostProbable(mine, newProbabilities)).toEqual(sets);
    },
  );

  it.each(classification.sets.filter(({ score }) => score === "raps"))(
    "are those of MAPIE with its penalty and quantile: $score at $level",
    ({ level, quantile, sets, penalty, rank }) => {
      const conformal = {
        ...calibrateSets(calibrationRows, {
          level,
          method: "raps",
          penalty: { weight: penalty!, rank: rank! },
        }),
        thresholds: [quantile, quantile, quantile, quantile],
      };
      expect(withMostProbable(predictSets(conformal, newProbabilities), newProbabilities)).toEqual(sets);
    },
  );

  it("keep the level within every class when asked to", () => {
    const conformal = calibrateSets(calibrationRows, { level: 0.9, byClass: true });
    const { codes } = calibrationRows.target;
    const sets = predictSets(conformal, calibrationRows.predictions.values);
    for (const code of CLASSES.keys()) {
      const rows = Array.from(codes.keys()).filter((row) => codes[row] === code);
      const covered = rows.filter((row) => sets[row * 4 + code] === 1).length;
      expect(covered).toBeGreaterThanOrEqual(Math.ceil((rows.length + 1) * 0.9) - 1e-9);
    }
  });

  it("give classes as probable as one another the same score", () => {
    const scores = classScores(Float64Array.of(0.4, 0.2, 0.4, 0.3, 0.3, 0.4), 3, {
      method: "raps",
      penalty: { weight: 0.1, rank: 1 },
    });
    const expected = [0.8 + 0.1, 1 + 0.2, 0.8 + 0.1, 1 + 0.2, 1 + 0.2, 0.4];
    for (const [index, score] of scores.entries()) expect(score).toBeCloseTo(expected[index]!, 12);
  });
});

describe("prediction intervals", () => {
  const { calibration } = regression;
  const target = {
    task: "regression",
    values: Float64Array.from(regression.actual.slice(0, calibration)),
  } as const;
  const predictions = {
    kind: "values",
    values: Float64Array.from(regression.predicted.slice(0, calibration)),
  } as const;
  const rows = { target, predictions, calibratedOn: "held-out" } as const;
  const newRows = Float64Array.from(regression.predicted.slice(calibration));

  it.each(regression.intervals)("are those of MAPIE at $level", ({ level, bounds }) => {
    const { low, high } = predictIntervals(calibrateInterval(rows, { level }), { predicted: newRows });
    for (let row = 0; row < newRows.length; row++) {
      expect(low[row]).toBeCloseTo(bounds[2 * row]!, 9);
      expect(high[row]).toBeCloseTo(bounds[2 * row + 1]!, 9);
    }
  });

  it.each(regression.cross.results)("of CV+ are those of MAPIE at $level", ({ level, bounds }) => {
    const { low, high } = crossConformalIntervals({
      residuals: target.values.map((value, row) => Math.abs(value - regression.cross.outOfFold[row]!)),
      folds: Int32Array.from(regression.cross.folds),
      foldPredictions: regression.cross.foldPredictions.map((values) => Float64Array.from(values)),
      level,
    });
    for (const [row, value] of low.entries()) {
      expect(value).toBeCloseTo(bounds[2 * row]!, 8);
      expect(high[row]).toBeCloseTo(bounds[2 * row + 1]!, 8);
    }
  });

  it("promise nothing finite on too few rows", () => {
    expect(conformalQuantile(Float64Array.of(1, 2, 3), 0.9)).toBe(Number.POSITIVE_INFINITY);
    expect(
      conformalQuantile(
        Float64Array.from({ length: 109 }, (_, i) => i + 1),
        0.9,
      ),
    ).toBe(99);
    expect(
      conformalQuantile(
        Float64Array.from({ length: 9 }, (_, i) => i + 1),
        0.9,
      ),
    ).toBe(9);
    const few = { ...rows, target: { ...target, values: target.values.slice(0, 5) } };
    const conformal = calibrate(
      { ...few, predictions: { kind: "values", values: predictions.values.slice(0, 5) } },
      0.9,
    );
    expect(conformal).toMatchObject({ kind: "interval", margin: null, rows: 5 });
    const { low, high } = predictIntervals(conformal as never, { predicted: Float64Array.of(1) });
    expect([low[0], high[0]]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  it("lie around scales and quantiles", () => {
    const scale = predictions.values.map((value) => 0.5 + Math.abs(value));
    const normalised = calibrateInterval(rows, { level: 0.9, scale });
    const measured = measureCoverage(
      normalised,
      target,
      predictions,
      predictIntervals(normalised, { predicted: predictions.values, scale }),
    );
    expect(measured.measured!.covered.value).toBeCloseTo(136 / 150, 12);
    const bounds = {
      lower: predictions.values.map((v) => v - 1),
      upper: predictions.values.map((v) => v + 0.2),
    };
    const quantile = calibrateInterval(rows, { level: 0.9, bounds });
    const { low, high } = predictIntervals(quantile, { predicted: predictions.values, bounds });
    const covered = target.values.filter((value, row) => value >= low[row]! && value <= high[row]!).length;
    expect(covered).toBe(136);
    const inverted = predictIntervals({ ...quantile, margin: -5 }, { predicted: predictions.values, bounds });
    expect(inverted.low).toEqual(inverted.high);
  });
});

describe("in the ONNX graph", () => {
  async function run(
    build: (graph: ReturnType<typeof createGraph>) => void,
    width: number,
    data: Float64Array,
  ) {
    const graph = createGraph({ name: "conformal" });
    build(graph);
    const session = await openSession(graph.toBytes(), { threads: 1 });
    const shape = [data.length / width, width];
    return session.run({ x: { type: "float32", shape, data: Float32Array.from(data) } });
  }

  it.each(["lac", "aps", "raps"] as const)("%s sets are those of TypeScript", async (method) => {
    for (const byClass of [false, true]) {
      const conformal = calibrateSets(calibrationRows, { level: 0.9, method, byClass });
      const single = Float64Array.from(newProbabilities, Math.fround);
      const outputs = await run(
        (graph) => {
          graph.output("sets", emitSets(graph, conformal, graph.input("x", "float32", ["N", 4])));
        },
        4,
        single,
      );
      expect(Array.from(outputs.sets!.data as Float32Array)).toEqual(
        Array.from(predictSets(conformal, single)),
      );
    }
  });

  it("intervals are those of TypeScript", async () => {
    const methods = ["absolute", "normalised", "quantile"] as const;
    for (const method of methods) {
      const conformal = {
        formatVersion: 1,
        kind: "interval",
        level: 0.9,
        rows: 10,
        calibratedOn: "held-out",
        method,
        margin: -0.3,
      } as const;
      const predicted = Float64Array.of(1, 2, 3.5);
      const values = {
        scale: predicted,
        bounds: { lower: predicted.map((v) => v - 0.1), upper: predicted.map((v) => v + 0.1) },
      };
      const outputs = await run(
        (graph) => {
          const prediction = graph.input("x", "float32", ["N", 1]);
          const { low, high } = emitIntervals(graph, conformal, {
            prediction,
            scale: prediction,
            bounds: {
              lower: graph.op("Sub", [prediction, graph.scalar(0.1)]),
              upper: graph.op("Add", [prediction, graph.scalar(0.1)]),
            },
          });
          graph.output("interval_low", low);
          graph.output("interval_high", high);
        },
        1,
        predicted,
      );
      const twin = predictIntervals(conformal, { predicted, ...values });
      for (const [row, value] of twin.low.entries()) {
        expect((outputs.interval_low!.data as Float32Array)[row]).toBeCloseTo(value, 5);
        expect((outputs.interval_high!.data as Float32Array)[row]).toBeCloseTo(twin.high[row]!, 5);
      }
    }
  });
});

describe("coverage", () => {
  /** A model that knows the truth but for noise; sets and intervals must cover new rows as promised. */
  it("is as promised over many draws, and the value survives storage", () => {
    const random = createRandom("coverage");
    let covered = 0;
    let rows = 0;
    for (let draw = 0; draw < 60; draw++) {
      const draws = (count: number) => {
        const predicted = Float64Array.from({ length: count }, () => random.normal());
        return {
          target: { task: "regression", values: predicted.map((value) => value + random.normal()) } as const,
          predictions: { kind: "values", values: predicted } as const,
        };
      };
      const conformal = conformalSchema.parse(
        JSON.parse(JSON.stringify(calibrate({ ...draws(199), calibratedOn: "held-out" }, 0.9))),
      ) as Conformal;
      const fresh = draws(200);
      const { measured } = measureCoverage(conformal, fresh.target, fresh.predictions);
      covered += measured!.covered.value! * measured!.rows;
      rows += measured!.rows;
    }
    expect(covered / rows).toBeGreaterThan(0.885);
    expect(covered / rows).toBeLessThan(0.915);
  });

  it("counts sets by size and by class", () => {
    const conformal = calibrateSets(calibrationRows, { level: 0.8 });
    const report = measureCoverage(conformal, calibrationRows.target, calibrationRows.predictions);
    expect(report.sizes.reduce((sum, count) => sum + count, 0)).toBe(200);
    expect(report.byClass.map(({ class: name }) => name)).toEqual(CLASSES);
    expect(report.measured!.covered.value).toBeCloseTo(161 / 200, 12);
  });
});
