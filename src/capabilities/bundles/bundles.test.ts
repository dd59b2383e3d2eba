import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type SmallTask, smallModel, trainingFrame } from "../../../test/golden/small-model.js";
import { createFrame, takeRows } from "../../foundation/contracts/frame.js";
import { compareOutputs, type Row } from "../../foundation/contracts/prediction.js";
import { bundleFiles, loadBundle, verifyBundle, writeBundle } from "./index.js";

const folder = mkdtempSync(join(tmpdir(), "quern-bundles-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS: readonly Row[] = [
  {
    age: 30,
    balance: "1000000001",
    member: "yes",
    city: "北京",
    since: "2020-01-02",
    label: "good",
    place: [1, 2],
  },
  { age: null, balance: 1e9, member: null, city: "Oslo", since: null, label: "", place: null, extra: {} },
];

const TASKS: readonly SmallTask[] = ["binary", "multiclass", "regression"];

describe("a bundle", () => {
  it.each(TASKS)("predicts the same from folder and archive (%s)", async (task) => {
    const parts = smallModel(task);
    const asFolder = await writeBundle(join(folder, task), parts);
    const asArchive = await writeBundle(join(folder, `${task}.quern`), parts);
    expect(asArchive.id).toBe(asFolder.id);
    const [a, b] = [await loadBundle(asFolder.path), await loadBundle(asArchive.path)];
    const answers = await a.predict(ROWS);
    expect(await b.predict(ROWS)).toEqual(answers);
    expect(answers).toHaveLength(2);
    if (task !== "regression") {
      for (const answer of answers) {
        expect("label" in answer && Object.values(answer.probabilities).reduce((x, y) => x + y)).toBeCloseTo(
          1,
        );
      }
    }
    await a.close();
    await b.close();
  });

  it("writes equal bytes for equal parts, and nothing but the files of the format", async () => {
    const [a, b] = [await bundleFiles(smallModel("binary")), await bundleFiles(smallModel("binary"))];
    expect([...a.files]).toEqual([...b.files]);
    expect(readdirSync((await writeBundle(join(folder, "names"), smallModel("binary"))).path).sort()).toEqual(
      ["card.md", "manifest.json", "metrics.json", "model.onnx", "sample.json"],
    );
  });

  it("answers frames in chunks as it answers rows", async () => {
    const { path } = await writeBundle(join(folder, "chunks"), smallModel("multiclass"));
    const [whole, small] = [await loadBundle(path), await loadBundle(path, { chunkRows: 3 })];
    const frame = takeRows(
      trainingFrame(),
      Int32Array.from({ length: 20 }, (_, row) => row % 4),
    );
    const [expected, actual] = [await whole.predictFrame(frame), await small.predictFrame(frame)];
    expect(compareOutputs(actual, expected)).toEqual({ rows: 20, maxAbsDiff: 0, worstRow: 0 });
    expect(actual.labels).toEqual(expected.labels);
    const rows = Array.from({ length: 10 }, (_, row) => ({ ...ROWS[row % 2] }));
    expect(await small.predict(rows)).toEqual(await whole.predict(rows));
    await whole.close();
    await small.close();
  });

  it("answers no rows with nothing", async () => {
    const { path } = await writeBundle(join(folder, "empty"), smallModel("binary"));
    const bundle = await loadBundle(path);
    expect(await bundle.predict([])).toEqual([]);
    expect((await bundle.predictFrame(takeRows(trainingFrame(), []))).values).toHaveLength(0);
    await bundle.close();
  });

  it("names row and column of bad values, and suggests the column that was meant", async () => {
    const { path } = await writeBundle(join(folder, "bad-rows"), smallModel("binary"));
    const bundle = await loadBundle(path);
    const good = ROWS[0]!;
    const refusal = (rows: readonly Row[]) =>
      bundle.predict(rows).then(
        () => expect.unreachable(),
        (error) => ({ code: error.code, message: error.message, details: error.details }),
      );
    const text = await refusal([good, { ...good, age: "old", balance: [] }]);
    expect(text).toMatchObject({ code: "PREDICTION_INPUT", details: { row: 1, column: "age" } });
    expect(text.message).toBe('Row 2, column "age": "old" is not a number (and 1 more).');
    const { balance: _, ...incomplete } = good;
    expect((await refusal([{ ...incomplete, Balanse: 1 }])).message).toMatch(
      'column "balance": is missing; did you mean "Balanse"?',
    );
    expect((await refusal([[] as unknown as Row])).message).toMatch("Row 1: is not an object");
    expect((await refusal([{ ...good, place: [1] }])).message).toMatch("not a list of 2 numbers");
    // Columns that were missing in training may be left out.
    const { age: __, since: ___, ...known } = good;
    expect(await bundle.predict([known])).toEqual(
      await bundle.predict([{ ...good, age: null, since: null }]),
    );
    await bundle.close();
  });

  it("refuses frames of another kind and names the column", async () => {
    const { path } = await writeBundle(join(folder, "frames"), smallModel("binary"));
    const bundle = await loadBundle(path);
    const columns = new Map(trainingFrame().columns);
    columns.set("balance", { kind: "text", values: ["a", "b", "c", "d"] });
    await expect(bundle.predictFrame(createFrame(columns))).rejects.toThrow(/"balance" is a text/);
    columns.delete("balance");
    await expect(bundle.predictFrame(createFrame(columns))).rejects.toMatchObject({
      code: "PREDICTION_INPUT",
    });
    await bundle.close();
  });

  it("replaces an older bundle but leaves a folder that holds something else", async () => {
    const target = join(folder, "replaced");
    const first = await writeBundle(target, smallModel("binary"));
    const second = await writeBundle(target, smallModel("regression"));
    expect(verifyBundle(target).id).toBe(second.id);
    expect(second.id).not.toBe(first.id);
    writeFileSync(join(target, "notes.txt"), "mine");
    await expect(writeBundle(target, smallModel("binary"))).rejects.toMatchObject({ code: "PATH_REFUSED" });
    expect(readFileSync(join(target, "notes.txt"), "utf8")).toBe("mine");
    expect(readdirSync(folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  it("carries no training row in its sample", async () => {
    const { files } = await bundleFiles(smallModel("binary"));
    const sample = JSON.parse(new TextDecoder().decode(files.get("sample.json")));
    expect(sample.requests).toHaveLength(9);
    expect(sample.requests.at(-1)).toMatchObject({ age: null, city: null });
  });
});
