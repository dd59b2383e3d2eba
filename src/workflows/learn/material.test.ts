import fc from "fast-check";
import { expect, test } from "vitest";
import { binaryMaterial, folds } from "../../../test/fixtures/fake-search.js";
import { unpack } from "../../foundation/base/packing.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import {
  featureRows,
  heldOutRows,
  labelled,
  type PackedMaterial,
  packMaterial,
  unpackMaterial,
} from "./material.js";
import { poolPredictions } from "./pool-predictions.js";

const weighted = { ...binaryMaterial(30, 3), weights: Float64Array.from({ length: 30 }, (_, i) => i % 2) };

test("a material crosses to other processes unchanged, and equal ones have one name", () => {
  const { bytes, hash } = packMaterial(weighted);
  expect(unpackMaterial(unpack<PackedMaterial>(bytes))).toEqual(weighted);
  expect(packMaterial({ ...weighted }).hash).toBe(hash);
  expect(packMaterial({ ...weighted, folds: folds(30, 5) }).hash).not.toBe(hash);
});

test("held-out rows ascend, whichever folds they come from", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 400 }), fc.integer({ min: 2, max: 9 }), (rows, count) => {
      const material = { ...weighted, folds: folds(rows, count) };
      expect([...heldOutRows(material)]).toEqual(Array.from({ length: rows }, (_, row) => row));
    }),
    { numRuns: 25 },
  );
});

test("features are fitted on all rows of several folds, and on the fitting rows of a single holdout", () => {
  expect(featureRows(weighted)).toHaveLength(30);
  const [holdout] = weighted.folds;
  expect(featureRows({ ...weighted, folds: [holdout!] })).toBe(holdout!.fit);
});

test("targets and weights stay with their rows", () => {
  const rows = Int32Array.of(7, 2, 2, 29);
  const { target, weights } = labelled(weighted, takeRows(weighted.frame, rows), rows);
  expect(weights).toEqual(Float64Array.of(1, 0, 0, 1));
  const codes = weighted.target.task === "regression" ? [] : weighted.target.codes;
  expect(target).toMatchObject({ codes: Int32Array.from(rows, (row) => codes[row]!) });
});

test("predictions of the folds are joined in the order of the rows", () => {
  const material = binaryMaterial(11, 3);
  const parts = material.folds.map(({ heldOut }) => ({
    rows: heldOut,
    predictions: { kind: "values" as const, values: Float64Array.from(heldOut) },
  }));
  const { rows, predictions } = poolPredictions(parts);
  expect([...predictions.values]).toEqual(Array.from({ length: 11 }, (_, row) => row));
  expect(rows).toEqual(heldOutRows(material));
});
