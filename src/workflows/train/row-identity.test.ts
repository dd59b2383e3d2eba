import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openTable } from "../../engines/table/index.js";
import { createRandom } from "../../foundation/base/random.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import { createFrame } from "../../foundation/contracts/frame.js";
import { resolveProject } from "../project/project-file.js";
import { divideData } from "./divide.js";
import { areSeparate, divisionHashes } from "./row-identity.js";

it("divides by the pixels of images, whatever their files are called", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quern-division-"));
  const path = join(folder, "rows.csv");
  writeFileSync(path, "photo,size\na.pgm,1\ncopy-of-a.pgm,1\na.pgm,2\nb.pgm,1\n");
  const table = await openTable({ format: "delimited", files: [{ path }] }, { threads: 1 });
  try {
    const schema: ColumnSchema[] = [
      { name: "photo", kind: "image", reason: "", format: { width: 2, height: 1, channels: 1 } },
      { name: "size", kind: "number", reason: "", precision: "float32" },
    ];
    const values = Uint8Array.of(5, 6, 5, 6, 5, 6, 5, 7);
    const frame = createFrame([["photo", { kind: "image", values, height: 1, width: 2, channels: 1 }]]);
    const [first, copy, other, different] = await divisionHashes(table, {
      schema,
      frame,
      areSeparate: false,
    });
    expect(copy).toBe(first);
    expect(new Set([first, other, different]).size).toBe(3);
    const apart = await divisionHashes(table, { schema, frame, areSeparate: true });
    expect(new Set(apart).size).toBe(4);
  } finally {
    await table.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

describe("equal rows", () => {
  const ROWS = 240;
  const random = createRandom("few combinations");
  const kinds = Int32Array.from({ length: ROWS }, () => random.integer(8));
  const steps = Float32Array.from({ length: ROWS }, () => random.integer(4));
  const target = {
    task: "binary" as const,
    classes: ["no", "yes"],
    positive: 1,
    codes: Int32Array.from(steps, (step) => (random.uniform() < 0.1 + 0.25 * step ? 1 : 0)),
  };
  const rows = Int32Array.from({ length: ROWS }, (_, row) => row);
  const few = createFrame([
    ["kind", { kind: "category", codes: kinds, dictionary: ["a", "b", "c", "d", "e", "f", "g", "h"] }],
    ["step", { kind: "number", values: steps }],
  ]);
  const many = createFrame([
    ...few.columns,
    ["measured", { kind: "number", values: Float32Array.from(rows, () => random.uniform()) }],
  ]);
  const prepared = (features: typeof few) => ({ features, target: { rows, target } }) as never;

  it("are observations where the features offer few combinations, and where the project says so", () => {
    expect(areSeparate(prepared(few), resolveProject({}))).toBe(true);
    expect(areSeparate(prepared(many), resolveProject({}))).toBe(false);
    expect(areSeparate(prepared(many), resolveProject({ cleaning: { duplicates: false } }))).toBe(true);
    const named = createFrame([...few.columns, ["name", { kind: "id", values: Array.from(rows, String) }]]);
    expect(areSeparate(prepared(named), resolveProject({}))).toBe(true);
  });
  it("of one class are tested together with those of the other: what was learnt of them holds", async () => {
    const folder = mkdtempSync(join(tmpdir(), "quern-division-"));
    const path = join(folder, "rows.csv");
    const lines = Array.from(rows, (row) => `${kinds[row]},${steps[row]},${target.codes[row]}`);
    writeFileSync(path, `kind,step,answer\n${lines.join("\n")}\n`);
    const table = await openTable({ format: "delimited", files: [{ path }] }, { threads: 1 });
    try {
      const schema = ["kind", "step", "answer"].map((name) => ({
        ...{ name, kind: "number" as const, reason: "", precision: "float32" as const },
      }));
      const rightShare = async (areSeparate: boolean): Promise<number> => {
        const hashes = await divisionHashes(table, { schema, frame: few, areSeparate });
        const project = resolveProject({ split: { kind: "folds", folds: 5 } });
        const { splits } = divideData({ frame: few, roles: {}, target: { rows, target } }, hashes, project);
        let right = 0;
        for (const { train, validation, test } of splits) {
          const learnt = new Map<string, number>();
          const cell = (row: number): string => `${kinds[row]} ${steps[row]}`;
          for (const row of [...train, ...validation])
            learnt.set(cell(row), (learnt.get(cell(row)) ?? 0) + 2 * target.codes[row]! - 1);
          for (const row of test)
            if ((learnt.get(cell(row)) ?? 0) > 0 === (target.codes[row] === 1)) right += 1;
        }
        return right / ROWS;
      };
      expect(await rightShare(true)).toBeGreaterThan(0.65);
      expect(await rightShare(false)).toBeLessThan(0.5);
    } finally {
      await table.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
