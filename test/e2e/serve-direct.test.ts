import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bundleFiles } from "../../src/capabilities/bundles/index.js";
import { directAnswers } from "../../src/capabilities/serving/direct-answers.js";
import { admitModel, compileDirect, openSession } from "../../src/engines/onnx/index.js";
import { createBundlePredictor } from "../../src/foundation/contracts/bundle-predictor.js";
import { COLUMNS, type SmallTask, smallModel } from "../golden/small-model.js";

/** One value a cell, and none that only the runtime takes. */
const PLAIN = COLUMNS.filter(({ kind }) => kind !== "datetime" && kind !== "vector");

const opened = async (task: SmallTask, columns = PLAIN) => {
  const { manifest, files } = await bundleFiles(smallModel(task, columns));
  const model = compileDirect(admitModel(files.get("model.onnx")!).bytes);
  return { manifest, model: model!, files };
};

const cell = fc.constantFrom<unknown>(undefined, null, "", "x", "Lyon", 3, -1.5, true, "12", [1], {}, "good");
const anyRow = fc.record({
  age: fc.oneof(fc.integer({ min: 0, max: 90 }), cell),
  balance: fc.oneof(fc.constant(1_000_000_002), cell),
  member: fc.oneof(fc.constantFrom("yes", "no"), cell),
  city: fc.oneof(fc.constantFrom("北京", "Lyon"), cell),
  label: fc.oneof(fc.constantFrom("good", "bad"), cell),
});

describe("answers without tensors", () => {
  it.each(["binary", "multiclass", "regression"] as const)("are those of the graph: %s", async (task) => {
    const { manifest, model } = await opened(task);
    const answer = directAnswers(manifest, model)!;
    const predictor = createBundlePredictor({
      ...{ manifest, hostTransforms: new Map(), hostStates: [], chunkRows: 10 },
      run: async (inputs, outputs) => model.run(inputs, outputs),
    });
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(anyRow, async (row) => {
        const [expected] = await predictor.predict([row]).catch(() => [undefined]);
        if (expected) answered += 1;
        expect(answer(row)).toEqual(expected);
      }),
    );
    expect(answered).toBeGreaterThan(5);
  });
  it("are those of the runtime for times, to the millisecond, and left to it where a double is not exact", async () => {
    const time = COLUMNS.find(({ kind }) => kind === "datetime")!;
    const { manifest, model, files } = await opened("regression", [...PLAIN, time]);
    const answer = directAnswers(manifest, model)!;
    const session = await openSession(files.get("model.onnx")!, { threads: 1 });
    const predictor = createBundlePredictor({
      ...{ manifest, hostTransforms: new Map(), hostStates: [], chunkRows: 10 },
      run: (inputs, outputs) => session.run(inputs, outputs),
    });
    const since = fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }),
      fc.constantFrom<unknown>(null, "", "2020-02-29", "1900-03-01T23:59:59.999Z", 0, -1, "tomorrow", true),
    );
    const good = { age: 30, balance: 1_000_000_001, member: "yes", city: "Lyon", label: "good" };
    await fc.assert(
      fc.asyncProperty(since, async (value) => {
        const row = { ...good, since: value };
        const [expected] = await predictor.predict([row]).catch(() => [undefined]);
        const actual = answer(row);
        if (!expected || !actual) expect(actual).toEqual(expected);
        else
          expect((actual as { prediction: number }).prediction).toBeCloseTo(
            (expected as { prediction: number }).prediction,
            4,
          );
      }),
    );
    for (const beyond of [9e15, -1e18, 1e300]) expect(answer({ ...good, since: beyond })).toBeUndefined();
    await session.close();
  });
  it("are left to the encoding of rows where a row is no object", async () => {
    const { manifest, model } = await opened("binary");
    const answer = directAnswers(manifest, model)!;
    for (const row of [null, [1], "row"]) expect(answer(row as never)).toBeUndefined();
  });
  it("are not given for columns with several values a cell", async () => {
    const { manifest, model } = await opened("binary", [
      ...PLAIN,
      COLUMNS.find(({ kind }) => kind === "vector")!,
    ]);
    expect(directAnswers(manifest, model)).toBeUndefined();
  });
});
