import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBundle, writeBundle } from "../../src/capabilities/bundles/index.js";
import { exportModel } from "../../src/workflows/use/export-model.js";
import { ONNXRUNTIME_WEB } from "../../src/workflows/use/portable-files.js";
import { smallModel } from "../golden/small-model.js";
import { workFolder } from "./quern.js";

const ROW = {
  ...{ age: 30, balance: 1_000_000_001, member: "yes", city: "北京" },
  ...{ since: "2020-01-02", label: "good", place: [1, 2] },
};
const { folder, remove } = workFolder();
const installed = dirname(dirname(fileURLToPath(import.meta.resolve("onnxruntime-web"))));

beforeAll(() => writeBundle(join(folder, "bundle"), smallModel("multiclass")));
afterAll(remove);

describe("a bundle without a server", () => {
  it("runs with the runtime that this release is tested with", () => {
    const { version } = createRequire(import.meta.url)(join(installed, "package.json"));
    expect(ONNXRUNTIME_WEB).toBe(version);
  });
  it("answers as a function of Lambda what the server would, and names mistakes", async () => {
    const out = join(folder, "function");
    const { files } = await exportModel({ model: "./bundle", out: "function", lambda: true }, { folder });
    expect(files.map(({ path }) => path)).toContain(join(out, "index.js"));
    mkdirSync(join(out, "node_modules"));
    symlinkSync(installed, join(out, "node_modules/onnxruntime-web"));
    // In a process of its own, as there.
    const script = `
      const { handler } = await import(${JSON.stringify(pathToFileURL(join(out, "index.js")).href)});
      const row = ${JSON.stringify(ROW)};
      const event = (value) => ({ body: typeof value === "string" ? value : JSON.stringify(value) });
      const encoded = { body: Buffer.from(JSON.stringify(row)).toString("base64"), isBase64Encoded: true };
      const events = [event(row), event([row, row]), event({ rows: [row] }), encoded, event({ ...row, age: "old" }), event("{"),
        event(Array(1001).fill(row)), {}];
      const answers = [];
      for (const one of events) answers.push(await handler(one));
      console.log(JSON.stringify(answers));`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", script]).toString();
    const answers = JSON.parse(said) as { statusCode: number; body: string }[];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 400, 400, 413, 400]);
    const bundle = await loadBundle(join(folder, "bundle"));
    const [expected] = (await bundle.predict([ROW])) as {
      label: string;
      probabilities: Record<string, number>;
    }[];
    await bundle.close();
    for (const { body } of answers.slice(0, 4)) {
      const [prediction] = JSON.parse(body).predictions;
      expect(prediction.label).toBe(expected!.label);
      expect(prediction.probabilities.red).toBeCloseTo(expected!.probabilities.red!, 6);
    }
    expect(JSON.parse(answers[4]!.body).error).toMatchObject({
      code: "PREDICTION_INPUT",
      message: 'Row 1, column "age": "old" is not a number.',
    });
  });
  it("is written as a folder, for one place at a time", async () => {
    const refused = (request: object) => exportModel({ model: "./bundle", out: "x", ...request }, { folder });
    await expect(refused({ edge: true, lambda: true })).rejects.toMatchObject({ code: "USAGE" });
    await expect(refused({ edge: true, out: "x.quern" })).rejects.toMatchObject({ code: "USAGE" });
  });
  it("has a page whose text is the model's name, escaped", async () => {
    await writeBundle(join(folder, "odd"), { ...smallModel("binary"), target: "<b>&" });
    await exportModel({ model: "./odd", out: "site", edge: true }, { folder });
    expect(readFileSync(join(folder, "site/public/index.html"), "utf8")).toContain("&#60;b&#62;&#38;");
  });
});
