import { describe, expect, it } from "vitest";
import { createRandom } from "../../../../foundation/base/random.js";
import type { FinderInput } from "../../../../foundation/contracts/finder.js";
import { createFrame } from "../../../../foundation/contracts/frame.js";
import { chineseMessage } from "../chinese-messages.js";
import { nearDuplicates } from "./near-duplicates.js";

/** Five measurements, nothing of the profile but names and kinds is read. */
function inputOf(copies: readonly (readonly [number, number])[], rows = 1000): FinderInput {
  const random = createRandom("near-duplicates-detector");
  const columns = Array.from({ length: 5 }, () => Float64Array.from({ length: rows }, () => random.normal()));
  for (const [from, to] of copies)
    for (const values of columns) values[to] = values[from]! + 0.004 * (random.uniform() - 0.5);
  const codes = Int32Array.from({ length: rows }, (_, row) => row % 2);
  codes[7] = -1;
  const names = columns.map((_, k) => `x${k}`);
  return {
    frame: createFrame(columns.map((values, k) => [names[k]!, { kind: "number", values }] as const)),
    profile: {
      rows,
      columns: names.map((name) => ({ name, kind: "number" })),
    } as unknown as FinderInput["profile"],
    sample: new Int32Array(0),
    target: { name: "label", values: { task: "binary", classes: ["no", "yes"], codes } },
    splits: [
      {
        name: "split",
        train: Int32Array.from({ length: 800 }, (_, row) => row),
        validation: new Int32Array(0),
        test: Int32Array.from({ length: 200 }, (_, k) => 800 + k),
      },
    ],
    roles: {},
  };
}
const find = (input: FinderInput) => nearDuplicates.find(input, nearDuplicates.config.parse({}));

describe("near duplicates in a table", () => {
  it("names contradictions and twins across the split", () => {
    const findings = find(
      inputOf([
        [10, 21],
        [30, 831],
        [40, 850],
        [50, 860],
      ]),
    );
    expect(findings.map(({ id, severity }) => [id, severity])).toEqual([
      ["near-duplicate-conflicts", "info"],
      ["split-near-duplicates", "warning"],
    ]);
    expect(findings[0]!.evidence).toMatchObject({ rows: 4, rowNumbers: [11, 22, 31, 832] });
    expect(findings[1]!.evidence).toMatchObject({ rows: 3, testRows: 200 });
    for (const finding of findings) expect(chineseMessage(finding).message).toMatch(/[一-鿿]/);
  });

  it("says nothing of honest rows, of unlabelled ones and without a target", () => {
    expect(find(inputOf([]))).toEqual([]);
    expect(find(inputOf([[7, 22]]))).toEqual([]);
    const { target: _, ...untargeted } = inputOf([[10, 21]]);
    expect(find(untargeted)).toEqual([]);
  });
});
