import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBundle, writeBundle } from "../../../src/capabilities/bundles/index.js";
import type { ClassPrediction, Row, ValuePrediction } from "../../../src/foundation/contracts/prediction.js";
import { predictionDistance } from "../../../src/foundation/contracts/prediction.js";
import { WIDE } from "../../faults/wide-models.js";
import { pythonWith } from "../../fixtures/python-environment.js";
import { type SmallTask, smallModel } from "../../golden/small-model.js";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
let python: string;
const folder = mkdtempSync(join(tmpdir(), "quern-python-"));

beforeAll(() => {
  python = pythonWith(here("requirements.txt"));
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS: readonly Row[] = [
  {
    age: 30,
    balance: 1000000001,
    member: true,
    city: "北京",
    since: "2020-01-02T00:00:00+00:00",
    label: "good",
    place: [1, 2],
  },
  { age: null, balance: 1e9, member: false, city: "Oslo", since: null, label: "bad", place: null },
  {
    age: 71.5,
    balance: 1000000003.5,
    member: null,
    city: null,
    since: "1999-12-31T23:59:59+00:00",
    label: null,
    place: [0, -1],
  },
];

describe("Python's onnxruntime", () => {
  it.each<SmallTask>(["binary", "multiclass", "regression"])("answers as Quern does (%s)", async (task) => {
    const { path } = await writeBundle(join(folder, task), smallModel(task));
    const rows = join(folder, "rows.json");
    writeFileSync(rows, JSON.stringify(ROWS));
    const output = JSON.parse(execFileSync(python, [here("predict.py"), path, rows], { encoding: "utf8" }));
    const bundle = await loadBundle(path);
    const answers = await bundle.predict(ROWS);
    await bundle.close();
    for (const [row, answer] of answers.entries()) {
      const close = (actual: number, expected: number) =>
        expect(predictionDistance(actual, expected)).toBeLessThan(1e-6);
      if (task === "regression") {
        close(output.prediction[row][0], (answer as ValuePrediction).prediction);
        continue;
      }
      const { label, probabilities } = answer as ClassPrediction;
      expect(output.label[row]).toBe(label);
      for (const [k, probability] of Object.values(probabilities).entries()) {
        close(output.probabilities[row][k], probability);
      }
    }
  });

  it("and onnx's own checker accept what the graph builder infers, for most operators", () => {
    for (const [name, bytes] of Object.entries(WIDE)) {
      const path = join(folder, `${name}.onnx`);
      writeFileSync(path, bytes);
      const check = `
import sys, onnx, onnxruntime
model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
onnxruntime.InferenceSession(sys.argv[1])`;
      expect(() => execFileSync(python, ["-c", check, path], { stdio: "pipe" }), name).not.toThrow();
    }
  });
});
