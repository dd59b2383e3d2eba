import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import { createFrame } from "../../foundation/contracts/frame.js";
import type { ProjectInput } from "../../foundation/contracts/project.js";
import type { Split } from "../../foundation/contracts/split.js";
import type { ClassTarget, RegressionTarget, Target } from "../../foundation/contracts/target.js";
import type { LearningMaterial } from "../learn/material.js";
import { resolveProject } from "../project/project-file.js";
import type { Division } from "./divide.js";
import { gatherMaterial, innerFolds, type LearningShape } from "./inner-folds.js";
import type { PreparedData } from "./prepare.js";

interface Case {
  readonly target: Target;
  /** Content of each row, as its hash; default: all different. */
  readonly hashes?: readonly number[];
  readonly groups?: readonly string[];
  readonly weights?: Float64Array;
  readonly project?: ProjectInput;
  readonly splitKind?: "stratified" | "time";
}

/** The last tenth tests, the tenth before it validates; feature `row` is the row's own number. */
function gathered({ target, hashes, groups, weights, project = {}, splitKind = "stratified" }: Case): {
  material: LearningMaterial;
  rows: Int32Array;
} {
  const count = target.task === "regression" ? target.values.length : target.codes.length;
  const all = Int32Array.from({ length: count }, (_, row) => row);
  const [validation, test] = [Math.floor(0.8 * count), Math.floor(0.9 * count)];
  const split: Split = {
    name: "whole",
    train: all.subarray(0, validation),
    validation: all.subarray(validation, test),
    test: all.subarray(test),
  };
  const division = {
    record: { config: { kind: splitKind } },
    splits: [split],
    whole: split,
    reason: "",
    input: {
      rowHashes: BigUint64Array.from(all, (row) => BigInt(hashes?.[row] ?? row) * 0x9e3779b97f4a7c15n),
      seed: 0,
      target,
      ...(groups ? { groups } : {}),
    },
  } as unknown as Division;
  const prepared = {
    features: createFrame([["row", { kind: "number", values: Float32Array.from(all) }]], count),
    ...(weights ? { weights } : {}),
  } as unknown as PreparedData;
  const settings = groups ? { ...project, data: { group: "g" } } : project;
  const parts = { prepared, project: resolveProject(settings), division };
  return gatherMaterial(parts, split, target, (rows) => rows);
}

const classes = (codes: readonly number[]): Target => ({
  task: Math.max(...codes) > 1 ? "multiclass" : "binary",
  classes: Array.from({ length: Math.max(...codes) + 1 }, (_, k) => `类${k}`),
  codes: Int32Array.from(codes),
});
const numbers = (values: readonly number[]): Target => ({
  task: "regression",
  values: Float64Array.from(values),
});
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Whether folds hold each row out at most once, learn from all others, and never from what they hold out. */
function checkFolds({ material }: { material: LearningMaterial }): Int32Array {
  const foldOf = new Int32Array(material.frame.rows).fill(-1);
  for (const [fold, { fit, heldOut }] of material.folds.entries()) {
    for (const row of heldOut) {
      expect(foldOf[row]).toBe(-1);
      foldOf[row] = fold;
    }
    expect(fit.length + heldOut.length).toBe(material.frame.rows);
    expect(new Set([...fit, ...heldOut]).size).toBe(material.frame.rows);
  }
  return foldOf;
}

describe("inner folds", () => {
  test("hold every row out once, in equal parts of each class", () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 400 }), fc.integer({ min: 2, max: 4 }), (count, k) => {
        const { material, rows } = gathered({ target: classes(range(count).map((i) => i % k)) });
        const foldOf = checkFolds({ material });
        expect(Math.min(...foldOf)).toBe(0);
        expect(rows).toHaveLength(material.frame.rows);
        const { codes } = material.target as ClassTarget;
        for (const { heldOut } of material.folds) {
          for (let code = 0; code < k; code++) {
            const expected = codes.filter((c) => c === code).length / material.folds.length;
            const held = heldOut.filter((row) => codes[row] === code).length;
            expect(Math.abs(held - expected)).toBeLessThan(1);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  test("keep the test rows out, and targets, weights and features on their rows", () => {
    const weights = Float64Array.from(range(100), (i) => i % 3);
    const { material, rows } = gathered({ target: numbers(range(100).map((i) => i / 7)), weights });
    expect(Math.max(...rows)).toBe(89);
    const { values } = material.target as RegressionTarget;
    const column = material.frame.columns.get("row");
    for (const [i, row] of rows.entries()) {
      expect(values[i]).toBe(row / 7);
      expect(material.weights![i]).toBe(row % 3);
      expect(column?.kind === "number" && column.values[i]).toBe(row);
    }
  });

  test("keep rows of one identity together", () => {
    const random = createRandom("equal rows");
    const hashes = range(240).map(() => random.integer(80));
    const target = classes(hashes.map((hash) => hash % 2));
    const together = gathered({ target, hashes });
    const foldOf = checkFolds(together);
    const foldOfHash = new Map<number, number>();
    for (const [i, row] of together.rows.entries()) {
      const hash = hashes[row]!;
      expect(foldOf[i]).toBe(foldOfHash.get(hash) ?? foldOf[i]);
      foldOfHash.set(hash, foldOf[i]!);
    }
  });

  test("keep the rows of a group together", () => {
    const groups = range(300).map((i) => `组${(i * 7) % 37}`);
    const both = gathered({ target: classes(range(300).map((i) => i % 2)), groups });
    const foldOf = checkFolds(both);
    expect(both.material.folds.length).toBeGreaterThan(1);
    const foldOfGroup = new Map<string, number>();
    for (const [i, row] of both.rows.entries()) {
      expect(foldOf[i]).toBe(foldOfGroup.get(groups[row]!) ?? foldOf[i]);
      foldOfGroup.set(groups[row]!, foldOf[i]!);
    }
  });

  test("always learn from the only row of a class, and hold each of two rows out once", () => {
    const codes = range(200).map((i) => (i === 5 ? 3 : i === 9 || i === 60 ? 2 : i % 2));
    const both = gathered({ target: classes(codes) });
    const foldOf = checkFolds(both);
    const at = (row: number): number => foldOf[both.rows.indexOf(row)]!;
    expect(at(5)).toBe(-1);
    expect(at(9)).not.toBe(at(60));
    expect(Math.min(at(9), at(60))).toBeGreaterThanOrEqual(0);
  });

  test.each([
    ["12 rows", { target: classes(range(12).map((i) => i % 2)) }],
    [
      "equal rows alone",
      { target: classes(range(100).map((i) => i % 2)), hashes: range(100).map((i) => i % 2) },
    ],
    [
      "two groups",
      { target: classes(range(100).map((i) => i % 3)), groups: range(100).map((i) => `g${i % 2}`) },
    ],
    ["one row of the second class", { target: classes(range(120).map((i) => Number(i === 3))) }],
    ["a target with constant stretches", { target: numbers(range(100).map((i) => Math.max(80, i))) }],
    ["a constant target", { target: numbers(range(50).map(() => 1)) }],
  ] as const)("%s: folds where the rows allow it, the validation rows otherwise", (_, made) => {
    const both = gathered(made);
    const foldOf = checkFolds(both);
    if (both.material.folds.length > 1) return;
    const [holdout] = both.material.folds;
    expect(holdout!.heldOut.length).toBeGreaterThan(0);
    expect(Math.max(...foldOf)).toBe(0);
  });

  test("are one, on the later rows, for rows in the order of time", () => {
    const { material, rows } = gathered({ target: numbers(range(100)), splitKind: "time" });
    expect(material.folds).toHaveLength(1);
    expect(Array.from(material.folds[0]!.heldOut, (i) => rows[i])).toEqual(range(10).map((i) => 80 + i));
  });
});

describe("how many", () => {
  const asked = (project: ProjectInput, rows = 1000, shape: Partial<LearningShape> = {}): number => {
    const division = {
      record: { config: { kind: "stratified" } },
      whole: { train: new Int32Array(rows), validation: new Int32Array(0) },
    } as unknown as Division;
    const all = { hasImages: false, columns: 20, outputs: 1, ...shape };
    return innerFolds(resolveProject(project), division, all);
  };

  test("fewer for more rows, and what the project says", () => {
    expect([500, 10_000, 50_000, 500_000].map((rows) => asked({}, rows))).toEqual([8, 5, 3, 1]);
    expect(asked({ ensemble: { folds: 12 } }, 500_000)).toBe(12);
  });

  test("one where the time is too short for more", () => {
    const timed = (time: string, shape: Partial<LearningShape>): number =>
      asked({ tuning: { time } }, 50_000, shape);
    expect([timed("60s", { columns: 230 }), timed("10m", { columns: 230 })]).toEqual([1, 3]);
    expect([timed("60s", { outputs: 100 }), timed("60s", { columns: 30 })]).toEqual([1, 3]);
    expect(asked({ ensemble: { folds: 4 }, tuning: { time: "1s" } }, 50_000)).toBe(4);
  });

  test("one where nothing is combined or compared", () => {
    expect(asked({ ensemble: { kind: "none" } })).toBe(1);
    expect(asked({ models: ["gbdt"] })).toBe(1);
    expect(asked({ models: ["gbdt"], tuning: { trials: 5 } })).toBe(8);
    expect(asked({ models: ["gbdt", "ridge"] })).toBe(8);
  });
});
