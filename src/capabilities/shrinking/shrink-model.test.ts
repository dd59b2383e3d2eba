import { beforeAll, describe, expect, it } from "vitest";
import {
  appendModel,
  createGraph,
  Expressions,
  openSession,
  parseSourceModel,
  type Session,
} from "../../engines/onnx/index.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { type Feeds, type ShrinkMethod, type ShrinkOptions, shrinkModel } from "./index.js";

const random = createRandom(11);
const normal = (count: number, scale = 1) =>
  Float32Array.from({ length: count }, () => scale * random.normal());

/** A table of words, a hidden layer, a head: [N, 8] ids to [N, 4]. */
function textModel(): Uint8Array {
  const graph = createGraph({ name: "text" });
  const x = new Expressions(graph);
  const weight = (...shape: number[]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return graph.constant("float32", shape, normal(count, 1 / Math.sqrt(shape[0]!)));
  };
  const ids = graph.input("ids", "int64", ["N", 8]);
  const words = x.mean(x.gather(weight(200, 64), ids), [1]);
  const hidden = x.apply("Relu", x.add(x.matmul(words, weight(64, 96)), weight(96)));
  graph.output(
    "y",
    graph.op("Gemm", [hidden, weight(4, 96), weight(4)], { attributes: { transB: { int: 1 } } }),
  );
  return graph.toBytes();
}

/** A linear model of pieces as networks for texts have it: a number for each class. [N, 8] ids to [N, 3]. */
function pieceModel(scale = 1): Uint8Array {
  const graph = createGraph({ name: "pieces" });
  const x = new Expressions(graph);
  const table = graph.constant("float32", [5000, 3], normal(15_000, scale));
  graph.output("y", x.sum(x.gather(table, graph.input("ids", "int64", ["N", 8])), [1]));
  return graph.toBytes();
}

/** Two convolutions with a normalisation between, and a head: [N, 3, 12, 12] to [N, 5]. */
function pictureModel(): Uint8Array {
  const graph = createGraph({ name: "picture" });
  const x = new Expressions(graph);
  const weight = (shape: number[], scale: number) =>
    graph.constant(
      "float32",
      shape,
      normal(
        shape.reduce((product, size) => product * size, 1),
        scale,
      ),
    );
  const input = graph.input("x", "float32", ["N", 3, 12, 12]);
  const pads = { attributes: { pads: { ints: [1, 1, 1, 1] } } };
  const first = graph.op("Conv", [input, weight([16, 3, 3, 3], 0.2), weight([16], 0.1)], pads);
  const ones = (value: number) => graph.constant("float32", [16], new Array(16).fill(value));
  const normalised = graph.op("BatchNormalization", [first, ones(1.5), ones(0.1), ones(0), ones(1)]);
  const second = graph.op(
    "Conv",
    [x.apply("Relu", normalised), weight([24, 16, 3, 3], 0.1), weight([24], 0.1)],
    pads,
  );
  const pooled = graph.op("Flatten", [graph.op("GlobalAveragePool", [x.apply("Relu", second)])]);
  graph.output("y", x.matmul(pooled, weight([24, 5], 0.3)));
  return graph.toBytes();
}

const text = textModel();
const picture = pictureModel();
const pieces = pieceModel();
const largePieces = pieceModel(1e8);
const tinyPieces = pieceModel(1e-6);
const ids = (): Feeds => ({
  ids: {
    type: "int64",
    shape: [32, 8],
    data: BigInt64Array.from({ length: 256 }, () => BigInt(random.integer(200))),
  },
});
const pixels = (): Feeds => ({ x: { type: "float32", shape: [8, 3, 12, 12], data: normal(8 * 432) } });

const kinds = {
  text: { bytes: text, batches: [ids(), ids()] },
  pieces: { bytes: pieces, batches: [ids()] },
  largePieces: { bytes: largePieces, batches: [ids()] },
  tinyPieces: { bytes: tinyPieces, batches: [ids()] },
  picture: { bytes: picture, batches: [pixels(), pixels()] },
};
const expected = new Map<string, Float32Array>();

async function outputs(session: Session, batches: readonly Feeds[]): Promise<Float32Array> {
  const parts: number[] = [];
  for (const feeds of batches)
    parts.push(...((await session.run(feeds)).y as Tensor & { data: Float32Array }).data);
  return Float32Array.from(parts);
}

/** Root of the mean squared difference to the original, as a share of its spread. */
function optionsFor(kind: keyof typeof kinds, allowedLoss = 1): ShrinkOptions {
  const { batches } = kinds[kind];
  let time = 0;
  return {
    batches,
    greaterIsBetter: false,
    allowedLoss: () => allowedLoss,
    threads: 1,
    now: () => time++,
    async evaluate(session) {
      const [found, wanted] = [await outputs(session, batches), expected.get(kind)!];
      const squares = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
      return Math.sqrt(squares(found.map((value, index) => value - wanted[index]!)) / squares(wanted));
    },
  };
}

beforeAll(async () => {
  for (const [kind, { bytes, batches }] of Object.entries(kinds)) {
    const session = await openSession(bytes, { threads: 1 });
    expected.set(kind, await outputs(session, batches));
    await session.close();
  }
});

const shrunk = (kind: keyof typeof kinds, method: ShrinkMethod, allowedLoss?: number) =>
  shrinkModel(kinds[kind].bytes, method, optionsFor(kind, allowedLoss));

describe("a shrunk model", () => {
  it.each([
    ["text", { method: "int8-dynamic" }, 0.03, 0.35],
    ["text", { method: "int8-static" }, 0.04, 0.35],
    ["text", { method: "int8-static", share: 0.999 }, 0.06, 0.35],
    ["text", { method: "float16" }, 0.001, 0.55],
    ["text", { method: "int4", block: 16 }, 0.15, 0.35],
    ["picture", { method: "int8-static" }, 0.05, 0.7],
    ["picture", { method: "float16" }, 0.001, 0.75],
  ] as const)("of %s by %o stays near the original and is smaller", async (kind, method, error, share) => {
    const { accepted, report } = await shrunk(kind, method);
    expect(accepted).toBe(true);
    expect(report.metric.before).toBeLessThan(1e-6);
    expect(report.loss).toBeLessThan(error);
    expect(report.bytes.after / report.bytes.before).toBeLessThan(share);
    expect(report.changed).toBeGreaterThan(1);
  });

  it.each([
    ["pieces", 0.45],
    ["largePieces", 0.6],
    ["tinyPieces", 0.6],
  ] as const)(
    "of %s has tables of bytes, with scales of two bytes where these hold them",
    async (kind, share) => {
      for (const method of ["int8-dynamic", "int8-static", "int4"] as const) {
        const { report } = await shrunk(kind, { method });
        expect(report.loss).toBeLessThan(0.02);
        expect(report.bytes.after / report.bytes.before).toBeLessThan(share);
      }
    },
  );

  it("is the same every time", async () => {
    for (const method of ["int8-static", "int8-dynamic", "float16", "int4"] as const) {
      const [first, second] = [await shrunk("text", { method }), await shrunk("text", { method })];
      expect(first.accepted && second.accepted && Buffer.compare(first.bytes, second.bytes)).toBe(0);
    }
  });

  it("can be imported, which gives its floats back", async () => {
    const outcome = await shrunk("text", { method: "int4" });
    if (!outcome.accepted) throw new Error("refused");
    const names: string[] = [];
    const graph = createGraph({ name: "again" });
    appendModel(
      graph,
      parseSourceModel(outcome.bytes),
      { ids: graph.input("ids", "int64", ["N", 8]) },
      {
        weight(_, { type, shape, data }) {
          names.push(`${type}[${shape}]`);
          return graph.constant(type, shape, data);
        },
      },
    );
    expect(names).toContain("float32[64,96]");
  });
});

describe("pruning", () => {
  it("of weights makes archives smaller", async () => {
    const { report } = await shrunk("text", { method: "prune-weights", share: 0.6 });
    expect(report.compressedBytes.after).toBeLessThan(0.85 * report.compressedBytes.before);
  });

  it.each(["text", "picture"] as const)("of units takes out those of %s that count least", async (kind) => {
    const { report } = await shrunk(kind, { method: "prune-units", share: 0.25 });
    expect(report.changed).toBe(1);
    expect(report.bytes.after).toBeLessThan(0.95 * report.bytes.before);
    expect(report.loss).toBeLessThan(0.6);
  });
});

describe("the gate", () => {
  it("keeps a model that lost too much", async () => {
    const outcome = await shrunk("text", { method: "prune-weights", share: 0.9 }, 0.01);
    expect(outcome.accepted).toBe(false);
    expect(outcome).not.toHaveProperty("bytes");
    expect(outcome.report.loss).toBeGreaterThan(0.01);
  });

  it("takes fewer turns for the speed of a model whose turns are long", async () => {
    const turns = async (milliseconds: number) => {
      let looks = 0;
      const now = () => milliseconds * looks++;
      await shrinkModel(text, { method: "float16" }, { ...optionsFor("text"), now });
      return looks;
    };
    expect(await turns(10_000)).toBeLessThan((await turns(1)) / 2);
  });

  it("says when there is nothing to shrink", async () => {
    const graph = createGraph({ name: "plain" });
    graph.output("y", graph.op("Relu", [graph.input("x", "float32", ["N", 2])]));
    const shrinking = shrinkModel(graph.toBytes(), { method: "float16" }, optionsFor("text"));
    await expect(shrinking).rejects.toMatchObject({ code: "UNSUPPORTED" });
    const pruning = shrinkModel(pieces, { method: "prune-units", share: 0.25 }, optionsFor("pieces"));
    await expect(pruning).rejects.toMatchObject({
      code: "UNSUPPORTED",
      hint: expect.stringContaining("Other methods may do"),
    });
  });
});
