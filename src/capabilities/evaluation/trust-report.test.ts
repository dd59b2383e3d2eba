import { describe, expect, it } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import { evaluationSchema } from "../../foundation/contracts/evaluation.js";
import { createFrame, takeRows } from "../../foundation/contracts/frame.js";
import { type Target, takeTarget } from "../../foundation/contracts/target.js";
import { calibrate } from "./conformal/calibrate.js";
import { evaluate } from "./evaluate.js";
import { defaultMetric } from "./metrics/index.js";

/** A model that is right about `x`; every fifth test row is a copy of a learning row that it has by heart. */
function situation() {
  const random = createRandom("trust");
  const rows = 800;
  const x = Float64Array.from({ length: rows }, () => random.normal());
  const codes = Int32Array.from(x, (value) => (random.uniform() < 1 / (1 + Math.exp(-2 * value)) ? 1 : 0));
  const twins = Uint8Array.from({ length: 300 }, (_, row) => (row % 5 === 0 ? 2 : 0));
  const probabilities = Float64Array.from({ length: 2 * rows }, (_, i) => {
    const row = i >> 1;
    const told = row >= 500 && twins[row - 500]! > 0;
    const p = told ? 0.02 + 0.96 * codes[row]! : 1 / (1 + Math.exp(-2 * x[row]!));
    return i % 2 === 1 ? p : 1 - p;
  });
  const part = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => from + k);
  const target: Target = { task: "binary", classes: ["no", "yes"], codes };
  const frame = createFrame([
    ["x", { kind: "number", values: x }],
    ["sex", { kind: "category", codes: codes.map((_, row) => row % 2), dictionary: ["f", "m"] }],
  ]);
  const of = (rowsOf: number[]) => ({
    target: takeTarget(target, rowsOf),
    predictions: {
      kind: "probabilities" as const,
      classes: 2,
      values: Float64Array.from(
        rowsOf.flatMap((row) => [probabilities[2 * row]!, probabilities[2 * row + 1]!]),
      ),
    },
    features: takeRows(frame, rowsOf),
    rowNumbers: rowsOf,
  });
  return { learning: of(part(0, 500)), test: of(part(500, 800)), twins };
}

describe("trust in the numbers", () => {
  const { learning, test, twins } = situation();
  const request = {
    ...test,
    split: "test",
    metric: defaultMetric("binary"),
    learning,
    twins,
    fairness: createFrame([["sex", test.features.columns.get("sex")!]]),
    conformal: [calibrate({ ...learning, calibratedOn: "out-of-fold" }, 0.9)],
  };
  const context = () => ({ random: createRandom(0), resamples: 100 });
  const evaluation = evaluate(request, context());

  it("is one document that its schema accepts and that repeats byte for byte", () => {
    const text = JSON.stringify(evaluation);
    expect(evaluationSchema.parse(JSON.parse(text))).toEqual(JSON.parse(text));
    expect(JSON.stringify(evaluate(request, context()))).toBe(text);
  });

  it("puts the honest number beside the flattering one", () => {
    const { withTwin, withoutTwin, all, twinRows, otherRows } = evaluation.twins!;
    expect([twinRows, otherRows]).toEqual([60, 240]);
    expect(withTwin.value).toBe(1);
    expect(withoutTwin.value!).toBeLessThan(all.value!);
    expect(withoutTwin.low!).toBeLessThan(withoutTwin.value!);
  });

  it("holds what was asked for and nothing else", () => {
    expect(evaluation.conformal![0]!.measured!.covered.value).toBeGreaterThan(0.85);
    expect(evaluation.fairness!.map(({ column }) => column)).toEqual(["sex"]);
    expect(evaluation.novelty!.rows).toBe(300);
    expect(evaluation.novelty!.strangest[0]!.row).toBeGreaterThanOrEqual(500);
    expect(evaluation.labelErrors!.method).toBe("confident-learning");
    const plain = evaluate({ ...test, split: "test", metric: request.metric }, context());
    for (const key of ["labelErrors", "twins", "novelty", "conformal", "fairness", "nearDuplicates"])
      expect(Object.keys(plain)).not.toContain(key);
  });
});
