import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadBundle, writeBundle } from "../../src/capabilities/bundles/index.js";
import { QUERN_VERSION } from "../../src/foundation/base/version.js";
import {
  predictionDistance,
  type Row,
  type TabularPrediction,
} from "../../src/foundation/contracts/prediction.js";
import { type SmallTask, smallModel } from "./small-model.js";

const folder = fileURLToPath(new URL("bundles", import.meta.url));
const TASKS: readonly SmallTask[] = ["binary", "multiclass", "regression"];
const ROWS: readonly Row[] = [
  {
    age: "30",
    balance: "1000000001",
    member: "yes",
    city: "北京",
    since: "2020-01-02",
    label: "good",
    place: [1, 2],
  },
  { age: null, balance: 1e9, member: false, city: "Oslo", since: null, label: "bad", place: null },
  { balance: 1000000003.5, member: 1, city: null, since: 1e12, label: "", place: [0, -1] },
];

/** Half as archives, half as folders, so that both forms stay readable. */
async function writeGolden(): Promise<void> {
  const target = join(folder, QUERN_VERSION);
  mkdirSync(target, { recursive: true });
  for (const task of TASKS) {
    const { path } = await writeBundle(
      join(target, task === "binary" ? "binary" : `${task}.quern`),
      smallModel(task),
    );
    const bundle = await loadBundle(path);
    const record = { rows: ROWS, answers: await bundle.predict(ROWS) };
    writeFileSync(join(target, `${task}.json`), `${JSON.stringify(record, null, 1)}\n`);
    await bundle.close();
  }
}

if (process.env.QUERN_WRITE_GOLDEN === "1") await writeGolden();

describe("golden bundles", () => {
  it("exist for this release", () => {
    expect(existsSync(join(folder, QUERN_VERSION)), "see test/golden/README.md").toBe(true);
  });

  const cases = readdirSync(folder).flatMap((version) => TASKS.map((task) => [version, task] as const));
  it.each(cases)("of release %s answer as they did (%s)", async (version, task) => {
    const place = join(folder, version, task);
    const { rows, answers } = JSON.parse(readFileSync(`${place}.json`, "utf8"));
    const bundle = await loadBundle(existsSync(place) ? place : `${place}.quern`);
    const actual = (await bundle.predict(rows)) as TabularPrediction[];
    await bundle.close();
    for (const [index, answer] of actual.entries()) {
      const expected = answers[index];
      if ("prediction" in answer)
        expect(predictionDistance(answer.prediction, expected.prediction)).toBeLessThan(1e-6);
      else {
        expect(answer.label).toBe(expected.label);
        for (const [label, probability] of Object.entries(answer.probabilities)) {
          expect(
            predictionDistance(
              probability,
              Object.getOwnPropertyDescriptor(expected.probabilities, label)!.value,
            ),
          ).toBeLessThan(1e-6);
        }
      }
    }
  });
});
