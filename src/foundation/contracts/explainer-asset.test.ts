import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QuernError } from "../base/errors.js";
import { pack } from "../base/packing.js";
import { backgroundFrame, createExplainerAsset, parseExplainerAsset } from "./explainer-asset.js";
import { createFrame } from "./frame.js";
import type { FlatTrees } from "./model-anatomy.js";

/** One split and two leaves. */
const trees: FlatTrees = {
  features: 1,
  outputs: 1,
  aggregate: "sum",
  roots: Int32Array.of(0),
  nodeFeature: Int32Array.of(0),
  nodeThreshold: Float32Array.of(0.5),
  nodeFlags: Uint8Array.of(0),
  nodeLeft: Int32Array.of(-1),
  nodeRight: Int32Array.of(-2),
  nodeSet: Int32Array.of(-1),
  sets: new Uint32Array(0),
  categories: Int32Array.of(0),
  leafValues: Float32Array.of(1, 2),
  leafRows: Int32Array.of(3, 4),
  base: Float64Array.of(0),
};
const assetOf = (
  change: Partial<FlatTrees> = {},
  background = createFrame([["x", { kind: "number", values: Float64Array.of(1, 2) }]]),
) =>
  createExplainerAsset({
    exact: {
      anatomy: { kind: "trees", space: "value", trees: { ...trees, ...change } },
      features: [{ name: "x", columns: ["x"] }],
    },
    background,
  });

describe("what a bundle keeps for explanations", () => {
  it("comes back as it was written", () => {
    const asset = parseExplainerAsset(pack(assetOf()));
    expect(asset.exact).toEqual(assetOf().exact);
    expect(backgroundFrame(asset)!.rows).toBe(2);
  });
  it.each<[string, Partial<FlatTrees>]>([
    ["a circle", { nodeLeft: Int32Array.of(0) }],
    ["a node that does not exist", { nodeRight: Int32Array.of(7) }],
    ["a leaf that does not exist", { nodeRight: Int32Array.of(-9) }],
    ["a feature that does not exist", { nodeFeature: Int32Array.of(3) }],
    ["a set that does not exist", { nodeFlags: Uint8Array.of(2), nodeSet: Int32Array.of(5) }],
    ["an output that does not exist", { treeOutputs: Int32Array.of(2) }],
    ["arrays of different lengths", { leafValues: Float32Array.of(1) }],
    ["negative rows", { leafRows: Int32Array.of(-1, 4) }],
  ])("is refused with %s", (_, change) => {
    expect(() => parseExplainerAsset(pack(assetOf(change)))).toThrow(/explainer\.qpk/);
  });
  it("is refused with codes that mean nothing, and from a later release", () => {
    const codes = createFrame([["x", { kind: "category", dictionary: ["a"], codes: Int32Array.of(0, 4) }]]);
    expect(() => parseExplainerAsset(pack(assetOf({}, codes)))).toThrow(/codes/);
    expect(() => parseExplainerAsset(pack({ ...assetOf(), formatVersion: 2 }))).toThrow(/reads up to 1/);
  });
  it("is refused with a typed error, or safe, whatever byte is changed", () => {
    const bytes = pack(assetOf());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        try {
          parseExplainerAsset(changed);
        } catch (cause) {
          expect(QuernError.is(cause) && cause.code).toBe("BUNDLE_INVALID");
        }
      }),
      { numRuns: 500 },
    );
  });
});
