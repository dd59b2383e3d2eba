/** Files that are broken or mean harm: a typed error, soon. */
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QuernError } from "../../../foundation/base/errors.js";
import { createGraph } from "../graph-builder.js";
import type { ModelProto, NodeProto, TensorProto, ValueInfoProto } from "../protobuf/messages.js";
import { writeModel } from "../protobuf/messages.js";
import { importModel } from "./import-model.js";
import { parseSourceModel, readSourceModel } from "./source-model.js";

const port = (name: string, ...sizes: number[]): ValueInfoProto => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: sizes.map((dimValue) => ({ dimValue })) } } },
});
const node = (
  opType: string,
  input: string[],
  output: string[],
  more: Partial<NodeProto> = {},
): NodeProto => ({
  opType,
  input,
  output,
  ...more,
});
const floats = (name: string, dims: number[], values: number[]): TensorProto => ({
  name,
  dims,
  dataType: 1,
  floatData: Float32Array.from(values),
});

function modelOf(graph: ModelProto["graph"], more: Partial<ModelProto> = {}): ModelProto {
  return { irVersion: 10, opsetImport: [{ version: 21 }], graph, ...more };
}
const simple = (nodes: NodeProto[], initializer: TensorProto[] = []): ModelProto =>
  modelOf({
    name: "g",
    node: nodes,
    input: [port("x", 2, 3)],
    output: [port("y", 2, 3)],
    ...(initializer.length > 0 ? { initializer } : {}),
  });

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (QuernError.is(error)) return error.code;
    throw error;
  }
  return "accepted";
};

describe("a hostile model", () => {
  const loop: NodeProto[] = [
    node("Add", ["x", "b"], ["a"]),
    node("Relu", ["a"], ["b"]),
    node("Relu", ["b"], ["y"]),
  ];
  const call = (name: string) => ({ ...node(name, ["x"], ["y"]), domain: "own" });
  const recursive = {
    name: "Again",
    domain: "own",
    input: ["x"],
    output: ["y"],
    node: [call("Again")],
    opsetImport: [{ version: 21 }, { domain: "own", version: 1 }],
  };
  const doubling = (depth: number) =>
    Array.from({ length: depth }, (_, index) => ({
      name: `F${index}`,
      domain: "own",
      input: ["x"],
      output: ["y"],
      node:
        index === 0
          ? [node("Relu", ["x"], ["y"])]
          : ["a", "y"].map((output, place) => ({
              ...node(`F${index - 1}`, [place === 0 ? "x" : "a"], [output]),
              domain: "own",
            })),
    }));
  const sets = { opsetImport: [{ version: 21 }, { domain: "own", version: 1 }] };
  const cases: Record<string, [ModelProto, string]> = {
    "without a graph": [{ irVersion: 10, opsetImport: [{ version: 21 }] }, "MODEL_REFUSED"],
    "with a cycle": [simple(loop), "MODEL_REFUSED"],
    "with a missing input": [simple([node("Add", ["x", "nothing"], ["y"])]), "MODEL_REFUSED"],
    "with a value made twice": [
      simple([node("Relu", ["x"], ["y"]), node("Abs", ["x"], ["y"])]),
      "MODEL_REFUSED",
    ],
    "with an output nobody makes": [simple([node("Relu", ["x"], ["z"])]), "MODEL_REFUSED"],
    "with an unknown op": [simple([node("Frobnicate", ["x"], ["y"])]), "UNSUPPORTED"],
    "with a foreign domain": [simple([node("Relu", ["x"], ["y"], { domain: "evil" })]), "UNSUPPORTED"],
    "with a huge tensor": [
      simple([node("Add", ["x", "w"], ["y"])], [floats("w", [2 ** 31, 2 ** 20], [])]),
      "MODEL_REFUSED",
    ],
    "with a negative size": [
      simple([node("Add", ["x", "w"], ["y"])], [floats("w", [-1, 3], [1, 2, 3])]),
      "MODEL_REFUSED",
    ],
    "with missing elements": [
      simple([node("Add", ["x", "w"], ["y"])], [floats("w", [2, 3], [1])]),
      "MODEL_REFUSED",
    ],
    "with a recursive function": [
      modelOf(simple([call("Again")]).graph, { ...sets, functions: [recursive] }),
      "MODEL_REFUSED",
    ],
    "with functions that double": [
      modelOf(simple([call("F29")]).graph, { ...sets, functions: doubling(30) }),
      "MODEL_REFUSED",
    ],
    "with too many dimensions": [
      modelOf({
        name: "g",
        node: [],
        initializer: [floats("w", new Array(40).fill(1), [1])],
        output: [port("w")],
      }),
      "MODEL_REFUSED",
    ],
    "with an impossible repetition": [
      simple(
        [node("Tile", ["x", "n"], ["y"])],
        [{ name: "n", dims: [2], dataType: 7, int64Data: BigInt64Array.of(2n ** 40n, 2n ** 40n) }],
      ),
      "accepted",
    ],
    "of a future operator set": [
      { ...simple([node("Relu", ["x"], ["y"])]), opsetImport: [{ version: 9999 }] },
      "UNSUPPORTED",
    ],
    "that scans a sparse tensor of nothing": [
      modelOf({
        name: "g",
        sparseInitializer: [
          {
            dims: [2 ** 20, 2 ** 10],
            values: { ...floats("w", [1], [1]) },
            indices: { dims: [1], dataType: 7, int64Data: BigInt64Array.of(0n) },
          },
        ],
        output: [port("w")],
      }),
      "MODEL_REFUSED",
    ],
  };
  it.each(Object.entries(cases))("%s ends with its own error", (_, [model, code]) => {
    const start = performance.now();
    expect(codeOf(() => importModel(parseSourceModel(writeModel(model))))).toBe(code);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe("external data", () => {
  const outside = (entries: Record<string, string>): ModelProto =>
    simple(
      [node("Add", ["x", "w"], ["y"])],
      [
        {
          name: "w",
          dims: [2, 3],
          dataType: 1,
          dataLocation: 1,
          externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
        },
      ],
    );
  const folder = mkdtempSync(join(tmpdir(), "quern-external-"));
  const inner = join(folder, "model");
  mkdirSync(inner);
  writeFileSync(join(inner, "weights.bin"), Buffer.from(Float32Array.of(0, 1, 2, 3, 4, 5, 6).buffer));
  writeFileSync(join(folder, "secret.bin"), Buffer.alloc(1000));
  symlinkSync(join(folder, "secret.bin"), join(inner, "link.bin"));
  const path = join(inner, "model.onnx");
  const codeWith = (entries: Record<string, string>) => {
    writeFileSync(path, writeModel(outside(entries)));
    return codeOf(() => importModel(readSourceModel(path)));
  };

  it("is read from a file beside the model", () => {
    expect(codeWith({ location: "weights.bin", offset: "4", length: "24" })).toBe("accepted");
    const graph = createGraph({ name: "g" });
    let seen: ArrayLike<unknown> = [];
    const source = readSourceModel(path);
    importModel(source, {
      weight: (_, { type, shape, data }) => {
        seen = data as ArrayLike<unknown>;
        return graph.constant(type, shape, data);
      },
    });
    expect(Array.from(seen)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each([
    ["../secret.bin", "PATH_REFUSED"],
    ["/etc/passwd", "PATH_REFUSED"],
    ["link.bin", "PATH_REFUSED"],
    ["nothing.bin", "PATH_REFUSED"],
    ["model.onnx/../weights.bin", "PATH_REFUSED"],
  ])("at %s is refused", (location, code) => expect(codeWith({ location })).toBe(code));

  it.each<Record<string, string>>([
    { offset: "8" },
    { offset: "-4" },
    { offset: "1e3" },
    { length: "4" },
    { offset: "99999999999999" },
  ])("with impossible places is refused (%o)", (entries) =>
    expect(codeWith({ location: "weights.bin", ...entries })).toBe("MODEL_REFUSED"),
  );
});

describe("a good model with changed bytes", () => {
  const cases = (
    JSON.parse(
      readFileSync(new URL("../../../../test/oracles/onnx-exports/exports.json", import.meta.url), "utf8"),
    ) as { cases: { models: { dynamo: { bytes: string } } }[] }
  ).cases;
  const good = cases.map(({ models }) => new Uint8Array(Buffer.from(models.dynamo.bytes, "base64")));

  it("is imported or refused with a code, never worse", () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        (which, changes) => {
          const bytes = good[which]!.slice();
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          expect(["accepted", "MODEL_REFUSED", "UNSUPPORTED"]).toContain(
            codeOf(() => importModel(parseSourceModel(bytes))),
          );
        },
      ),
      { numRuns: 150 },
    );
  });
});
