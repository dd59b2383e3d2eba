/** Each rule against onnxruntime running the op that it replaces, on random inputs. */
import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "../../../../foundation/base/random.js";
import type { AttributeValue, Dimension, ElementType } from "../../../../foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../../../../foundation/contracts/tensor.js";
import { toAttributeProto } from "../../attributes.js";
import { valueInfo } from "../../graph-builder.js";
import type { ModelProto, TensorProto } from "../../protobuf/messages.js";
import { openBuiltModel } from "../../session.js";
import { toTensorProto } from "../../tensor-proto.js";
import { importModel } from "../import-model.js";

interface ForeignInput {
  readonly shape: readonly number[];
  /** Known at run time only: a name in the place of a size. */
  readonly declared?: readonly Dimension[];
  readonly type?: ElementType;
  /** Default: normal. */
  readonly values?: readonly number[];
  /** Part of the file, as weights are. */
  readonly isStored?: boolean;
}
interface ForeignOp {
  readonly domain?: string;
  readonly version?: number;
  readonly inputs: readonly (ForeignInput | undefined)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Shapes of the outputs that are compared; `undefined` leaves one out. */
  readonly outputs: readonly ({ type?: ElementType; rank: number } | undefined)[];
}

function filled({ shape, type = "float32", values }: ForeignInput, random: Random): Tensor {
  const count = elementCount(shape);
  const numbers = values ?? Array.from({ length: count }, () => random.normal());
  const proto = { type, shape };
  if (type === "float32") return { ...proto, type, data: Float32Array.from(numbers) };
  if (type === "int64") return { ...proto, type, data: BigInt64Array.from(numbers, BigInt) };
  if (type === "int32") return { ...proto, type, data: Int32Array.from(numbers) };
  if (type === "uint8" || type === "bool") return { ...proto, type, data: Uint8Array.from(numbers) };
  throw new Error(type);
}

/** Largest difference between the original and the import, over all outputs. */
async function difference(opType: string, op: ForeignOp): Promise<number> {
  const random = createRandom(7);
  const { inputs, attributes = {}, outputs, domain = "com.microsoft", version = 21 } = op;
  const tensors = inputs.map((input) => input && filled(input, random));
  const feeds: Record<string, Tensor> = {};
  const initializer: TensorProto[] = [];
  const input = inputs.flatMap((given, index) => {
    const tensor = tensors[index];
    if (!given || !tensor) return [];
    const name = `in${index}`;
    if (given.isStored) {
      initializer.push(toTensorProto(name, tensor.type, tensor.shape, tensor.data));
      return [];
    }
    feeds[name] = tensor;
    return [valueInfo({ name, type: tensor.type, shape: given.declared ?? given.shape })];
  });
  const output = outputs.flatMap((given, index) => {
    if (!given) return [];
    const shape = Array.from({ length: given.rank }, (_, axis) => `o${index}${axis}`);
    return [valueInfo({ name: `out${index}`, type: given.type ?? "float32", shape })];
  });
  const model: ModelProto = {
    irVersion: 10,
    opsetImport: [{ domain: "", version }, ...(domain === "" ? [] : [{ domain, version: 1 }])],
    graph: {
      name: "foreign",
      node: [
        {
          opType,
          domain,
          input: inputs.map((given, index) => (given ? `in${index}` : "")),
          output: outputs.map((given, index) => (given ? `out${index}` : "")),
          attribute: Object.entries(attributes).map(([name, value]) => toAttributeProto(name, value)),
        },
      ],
      ...(initializer.length > 0 ? { initializer } : {}),
      input,
      output,
    },
  };
  const original = await run(model, feeds);
  const imported = await run(importModel({ model }).graph.toModel(), feeds);
  let worst = 0;
  for (const [name, expected] of Object.entries(original)) {
    const actual = imported[name]!;
    expect([actual.type, ...actual.shape]).toEqual([expected.type, ...expected.shape]);
    for (const [index, value] of (expected.data as Float32Array).entries()) {
      const found = Number(actual.data[index]);
      const wanted = Number(value);
      worst = Math.max(worst, Math.abs(found - wanted) / Math.max(1, Math.abs(wanted)));
    }
  }
  return worst;
}

async function run(model: ModelProto, feeds: Readonly<Record<string, Tensor>>) {
  const session = await openBuiltModel(model, { threads: 1 });
  const result = await session.run(feeds);
  await session.close();
  return result;
}

const of = (...shape: number[]): ForeignInput => ({ shape });
const stored = (...shape: number[]): ForeignInput => ({ shape, isStored: true });
const vector = { rank: 1 };
const matrix = { rank: 2 };
const cube = { rank: 3 };
const four = { rank: 4 };
const epsilon = { epsilon: { float: 1e-5 } };

describe("a fused activation", () => {
  const x = of(2, 3, 8);
  it.each([
    ["Gelu", [x]],
    ["QuickGelu", [x]],
    ["FastGelu", [x]],
    ["FastGelu", [x, of(8)]],
    ["BiasGelu", [x, of(8)]],
  ])("%s is what onnxruntime computes (case %#)", async (type, inputs) => {
    expect(await difference(type, { inputs, outputs: [cube] })).toBeLessThan(1e-5);
  });
  it("Gelu of ai.onnx has both forms", async () => {
    for (const approximate of ["none", "tanh"]) {
      const attributes = { approximate: { string: approximate } };
      expect(await difference("Gelu", { domain: "", inputs: [x], attributes, outputs: [cube] })).toBeLessThan(
        1e-5,
      );
    }
  });
});

describe("a fused normalisation", () => {
  const x = of(2, 3, 8);
  it("SkipLayerNormalization gives the result and the sum", async () => {
    const inputs = [x, x, of(8), of(8), of(8)];
    const outputs = [cube, undefined, undefined, cube];
    expect(await difference("SkipLayerNormalization", { inputs, outputs, attributes: epsilon })).toBeLessThan(
      1e-5,
    );
    const fewer = { inputs: inputs.slice(0, 3), outputs: [cube], attributes: epsilon };
    expect(await difference("SkipLayerNormalization", fewer)).toBeLessThan(1e-5);
  });
  it("SkipSimplifiedLayerNormalization gives the result and the sum", async () => {
    const outputs = [cube, undefined, undefined, cube];
    const inputs = [x, x, of(8), of(8)];
    expect(
      await difference("SkipSimplifiedLayerNormalization", { inputs, outputs, attributes: epsilon }),
    ).toBeLessThan(1e-5);
  });
  it("SimplifiedLayerNormalization and RMSNormalization divide by the root mean square", async () => {
    const op = { domain: "", inputs: [x, of(8)], attributes: epsilon, outputs: [cube] };
    expect(await difference("SimplifiedLayerNormalization", op)).toBeLessThan(1e-5);
    expect(await difference("RMSNormalization", { ...op, version: 23 })).toBeLessThan(1e-5);
  });
  it("EmbedLayerNormalization sums words, places and segments", async () => {
    const ids: ForeignInput = { shape: [2, 3], type: "int32", values: [0, 4, 2, 1, 1, 3] };
    const segments: ForeignInput = { shape: [2, 3], type: "int32", values: [0, 0, 1, 0, 1, 1] };
    const mask: ForeignInput = { shape: [2, 3], type: "int32", values: [1, 1, 1, 1, 1, 0] };
    const tables = [stored(5, 8), stored(6, 8), stored(2, 8), stored(8), stored(8)];
    const inputs = [ids, segments, ...tables, mask];
    const outputs = [cube, { type: "int32" as const, rank: 1 }];
    expect(
      await difference("EmbedLayerNormalization", { inputs, outputs, attributes: epsilon }),
    ).toBeLessThan(1e-5);
  });
});

describe("a fused product", () => {
  it("FusedMatMul transposes and scales", async () => {
    const attributes = { alpha: { float: 0.5 }, transA: { int: 1 }, transB: { int: 1 } };
    const op = { inputs: [of(2, 4, 3), of(2, 5, 4)], attributes, outputs: [cube] };
    expect(await difference("FusedMatMul", op)).toBeLessThan(1e-5);
    const batches = { transBatchA: { int: 1 } };
    const moved = { inputs: [of(4, 2, 3), of(2, 3, 5)], attributes: batches, outputs: [cube] };
    expect(await difference("FusedMatMul", moved)).toBeLessThan(1e-5);
  });
  it("FusedConv adds and activates", async () => {
    const attributes = {
      activation: { string: "Relu" },
      kernel_shape: { ints: [3, 3] },
      pads: { ints: [1, 1, 1, 1] },
    };
    const inputs = [of(1, 2, 5, 5), of(3, 2, 3, 3), of(3), of(1, 3, 5, 5)];
    expect(await difference("FusedConv", { inputs, attributes, outputs: [four] })).toBeLessThan(1e-5);
  });
  it("Gemm keeps its factors", async () => {
    const attributes = { alpha: { float: 0.5 }, beta: { float: 2 }, transB: { int: 1 } };
    const op = { domain: "", inputs: [of(3, 4), of(5, 4), of(5)], attributes, outputs: [matrix] };
    expect(await difference("Gemm", op)).toBeLessThan(1e-5);
  });
  it("MatMulNBits is dequantised, with and without zero points", async () => {
    const byte = (count: number) => Array.from({ length: count }, (_, index) => (index * 37) % 256);
    const weights: ForeignInput = { shape: [5, 3, 8], type: "uint8", values: byte(120), isStored: true };
    const zeros: ForeignInput = { shape: [10], type: "uint8", values: byte(10), isStored: true };
    const attributes = { K: { int: 40 }, N: { int: 5 }, bits: { int: 4 }, block_size: { int: 16 } };
    for (const inputs of [
      [of(2, 40), weights, stored(15)],
      [of(2, 40), weights, stored(15), zeros],
    ]) {
      expect(await difference("MatMulNBits", { inputs, attributes, outputs: [matrix] })).toBeLessThan(1e-4);
    }
  });
});

describe("fused attention", () => {
  const heads = { num_heads: { int: 2 } };
  const mask: ForeignInput = { shape: [2, 3], type: "int32", values: [1, 1, 1, 1, 1, 0] };
  const open = { ...of(2, 3, 8), declared: ["batch", "length", 8] };
  it.each([
    ["plain", [open, stored(8, 24), stored(24)], {}],
    ["with a mask", [open, stored(8, 24), stored(24), mask], {}],
    ["causal", [open, stored(8, 24), stored(24)], { unidirectional: { int: 1 } }],
  ] as const)("Attention, %s", async (_, inputs, attributes) => {
    const op = { inputs, attributes: { ...heads, ...attributes }, outputs: [cube] };
    expect(await difference("Attention", op)).toBeLessThan(1e-5);
  });
  it("Attention with a past gives the present", async () => {
    const inputs = [of(2, 3, 8), stored(8, 24), stored(24), undefined, of(2, 2, 2, 4, 4)];
    const attributes = { ...heads, unidirectional: { int: 1 } };
    expect(await difference("Attention", { inputs, attributes, outputs: [cube, { rank: 5 }] })).toBeLessThan(
      1e-5,
    );
  });
  it.each([
    ["plain", [open, of(2, 5, 8), of(2, 5, 8)]],
    ["with biases", [open, of(2, 5, 8), of(2, 5, 8), of(24), undefined, of(1, 2, 3, 5)]],
  ])("MultiHeadAttention, %s", async (_, inputs) => {
    expect(
      await difference("MultiHeadAttention", { inputs, attributes: heads, outputs: [cube] }),
    ).toBeLessThan(1e-5);
  });
  it("MultiHeadAttention with a mask and a past", async () => {
    const keep: ForeignInput = { shape: [2, 5], type: "int32", values: [1, 1, 1, 1, 1, 1, 1, 1, 0, 0] };
    const inputs = [
      of(2, 3, 8),
      of(2, 3, 8),
      of(2, 3, 8),
      undefined,
      keep,
      undefined,
      of(2, 2, 2, 4),
      of(2, 2, 2, 4),
    ];
    const op = { inputs, attributes: heads, outputs: [cube, four, four] };
    expect(await difference("MultiHeadAttention", op)).toBeLessThan(1e-5);
  });
});

describe("group query attention", () => {
  const attributes = { num_heads: { int: 4 }, kv_num_heads: { int: 2 } };
  const whole = (values: number[], ...shape: number[]): ForeignInput => ({ shape, type: "int32", values });
  const rotary = { do_rotary: { int: 1 } };
  const outputs = [cube, four, four];
  it("reads a prompt, with rotated positions", async () => {
    const inputs = [
      of(1, 3, 64),
      of(1, 3, 32),
      of(1, 3, 32),
      undefined,
      undefined,
      whole([2], 1),
      whole([3], 1),
    ];
    expect(await difference("GroupQueryAttention", { inputs, attributes, outputs })).toBeLessThan(1e-5);
    const turned = [...inputs, of(16, 8), of(16, 8)];
    const op = { inputs: turned, attributes: { ...attributes, ...rotary }, outputs };
    expect(await difference("GroupQueryAttention", op)).toBeLessThan(1e-5);
  });
  it("goes on from a past, within a window", async () => {
    const past = [of(2, 2, 4, 16), of(2, 2, 4, 16)];
    const lengths = [whole([4, 4], 2), whole([5], 1)];
    const inputs = [of(2, 1, 64), of(2, 1, 32), of(2, 1, 32), ...past, ...lengths];
    const turned = [...inputs, of(16, 8), of(16, 8)];
    const op = { inputs: turned, attributes: { ...attributes, ...rotary }, outputs };
    expect(await difference("GroupQueryAttention", op)).toBeLessThan(1e-5);
    const near = { inputs, attributes: { ...attributes, local_window_size: { int: 3 } }, outputs };
    expect(await difference("GroupQueryAttention", near)).toBeLessThan(1e-5);
  });
});

describe("rotary embedding", () => {
  const positions: ForeignInput = { shape: [2, 3], type: "int64", values: [0, 1, 2, 4, 5, 6] };
  const first: ForeignInput = { shape: [1], type: "int64", values: [2] };
  it.each([0, 1])("turns pairs (interleaved %i)", async (interleaved) => {
    const attributes = { interleaved: { int: interleaved } };
    const op = { inputs: [of(2, 2, 3, 8), positions, of(16, 4), of(16, 4)], attributes, outputs: [four] };
    expect(await difference("RotaryEmbedding", op)).toBeLessThan(1e-5);
    const flat = { ...op, inputs: [of(2, 3, 16), first, of(16, 4), of(16, 4)], outputs: [cube] };
    expect(await difference("RotaryEmbedding", flat)).toBeLessThan(1e-5);
  });
});

describe("quantised arithmetic", () => {
  it("DynamicQuantizeLinear and MatMulInteger agree in every integer", async () => {
    const outputs = [{ type: "uint8" as const, rank: 2 }, { rank: 0 }, { type: "uint8" as const, rank: 0 }];
    expect(
      await difference("DynamicQuantizeLinear", { domain: "", inputs: [of(3, 8)], outputs }),
    ).toBeLessThan(1e-6);
    const bytes = (count: number, ...shape: number[]): ForeignInput => ({
      shape,
      type: "uint8",
      values: Array.from({ length: count }, (_, index) => (index * 91) % 256),
    });
    const zero: ForeignInput = { shape: [], type: "uint8", values: [7] };
    const inputs = [bytes(24, 3, 8), bytes(40, 8, 5), zero, zero];
    const product = { domain: "", inputs, outputs: [{ type: "int32" as const, rank: 2 }] };
    expect(await difference("MatMulInteger", product)).toBe(0);
  });
  it("DequantizeLinear of a stored matrix has a scale for each row", async () => {
    const values = Array.from({ length: 24 }, (_, index) => index * 10);
    const inputs = [{ shape: [3, 8], type: "uint8" as const, values, isStored: true }, stored(3)];
    const attributes = { axis: { int: 0 } };
    expect(
      await difference("DequantizeLinear", { domain: "", inputs, attributes, outputs: [matrix] }),
    ).toBeLessThan(1e-6);
  });
});

describe("operator sets before 21", () => {
  it("Softmax of set 11 is over all dimensions from its axis on", async () => {
    const op = { domain: "", version: 11, inputs: [of(2, 3, 4)], outputs: [cube] };
    expect(await difference("Softmax", op)).toBeLessThan(1e-6);
  });
  it("ReduceSum of set 11 has its axes as an attribute", async () => {
    const attributes = { axes: { ints: [1, 2] }, keepdims: { int: 0 } };
    const op = { domain: "", version: 11, inputs: [of(2, 3, 4)], attributes, outputs: [vector] };
    expect(await difference("ReduceSum", op)).toBeLessThan(1e-5);
  });
});
