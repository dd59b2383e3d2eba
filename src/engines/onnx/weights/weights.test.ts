import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { QuernError } from "../../../foundation/base/errors.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { narrowToBfloat16, narrowToHalf, widenBfloat16, widenHalf } from "./number-formats.js";
import { openWeights } from "./open-weights.js";
import { openSafetensors, writeSafetensors } from "./safetensors.js";
import { type StoredTensor, storedTensor, tensorOf } from "./stored-tensor.js";

interface Recorded {
  readonly file: string;
  readonly tensors: Readonly<
    Record<string, { readonly shape: number[]; readonly values: (number | string)[] }>
  >;
}
const recorded = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/weights/safetensors.json", import.meta.url), "utf8"),
) as Recorded;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weights-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const put = (name: string, content: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const code = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (QuernError.is(error)) return error.code;
    throw error;
  }
  return "accepted";
};

describe("a file of the reference implementation", () => {
  const bytes = Buffer.from(recorded.file, "base64");

  it("is read with every type", () => {
    const weights = openSafetensors(put("a.safetensors", bytes));
    expect(weights.names).toEqual(Object.keys(recorded.tensors).sort());
    expect(weights.metadata.get("format")).toBe("pt");
    for (const [name, { shape, values }] of Object.entries(recorded.tensors)) {
      const tensor = tensorOf(weights.read(name));
      expect(tensor.shape).toEqual(shape);
      const read = Array.from(tensor.data as ArrayLike<number | bigint>, (value) =>
        typeof value === "bigint" ? String(value) : value,
      );
      expect(read).toEqual(values);
    }
    weights.close();
  });

  it("is written again byte by byte", () => {
    const weights = openSafetensors(put("a.safetensors", bytes));
    const tensors = Object.fromEntries(weights.names.map((name) => [name, weights.read(name)]));
    weights.close();
    writeSafetensors(join(folder, "b.safetensors"), tensors, { format: "pt" });
    expect(readFileSync(join(folder, "b.safetensors")).equals(bytes)).toBe(true);
  });
});

describe("stored tensors", () => {
  it("hold what was put in, in every type", () => {
    const values = [0, 1, -1, 0.5, 100, -7];
    const tensors: Tensor[] = [
      { type: "float32", shape: [2, 3], data: Float32Array.from(values) },
      { type: "float64", shape: [6], data: Float64Array.from(values) },
      { type: "int64", shape: [1], data: BigInt64Array.of(-5n) },
      { type: "int32", shape: [2], data: Int32Array.of(3, -4) },
      { type: "uint8", shape: [2], data: Uint8Array.of(3, 250) },
      { type: "bool", shape: [], data: Uint8Array.of(1) },
    ];
    for (const tensor of tensors) expect(tensorOf(storedTensor(tensor))).toEqual(tensor);
    for (const as of ["F16", "BF16"] as const) {
      expect(tensorOf(storedTensor(tensors[0]!, as))).toEqual(tensors[0]);
    }
    expect(tensorOf(storedTensor(tensors[3]!, "I8"))).toEqual(tensors[3]);
    expect(code(() => tensorOf({ type: "U64", shape: [1], bytes: new Uint8Array(8) }))).toBe("UNSUPPORTED");
  });

  it("keep every half and every bfloat16 on the way through float32", () => {
    const words = Uint16Array.from({ length: 65536 }, (_, index) => index);
    const isNan = {
      half: (word: number) => (word & 0x7fff) > 0x7c00,
      bfloat: (w: number) => (w & 0x7fff) > 0x7f80,
    };
    const halves = narrowToHalf(widenHalf(words));
    const bfloats = narrowToBfloat16(widenBfloat16(words));
    for (const word of words) {
      if (!isNan.half(word)) expect(halves[word]).toBe(word);
      if (!isNan.bfloat(word)) expect(bfloats[word]).toBe(word);
    }
    expect(widenHalf(narrowToHalf(Float32Array.of(Number.NaN)))[0]).toBeNaN();
    expect(widenBfloat16(narrowToBfloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN();
  });

  it("are rounded to the nearest half, ties to even", () => {
    const float = fc.float({ noNaN: true, min: -70000, max: 70000 });
    const narrow = (value: number) => widenHalf(narrowToHalf(Float32Array.of(value)))[0]!;
    fc.assert(
      fc.property(float, (value) => {
        const rounded = narrow(value);
        if (!Number.isFinite(rounded)) return Math.abs(value) >= 65520;
        const step = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(value) || 1e-9)) - 10));
        return Math.abs(rounded - value) <= step / 2;
      }),
    );
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -25].map(narrow)).toEqual([
      1,
      1 + 2 ** -9,
      0,
      2 ** -23,
    ]);
  });
});

describe("hostile files", () => {
  const file = (header: string, data = 0, claimed = Buffer.byteLength(header)): Buffer => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(claimed));
    return Buffer.concat([length, Buffer.from(header), Buffer.alloc(data)]);
  };
  const place = (dtype: unknown, shape: unknown, offsets: unknown) =>
    JSON.stringify({ a: { dtype, shape, data_offsets: offsets } });
  const hostile: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    "a length beyond the file": file("{}", 0, 1000),
    "a length beyond memory": file("{}", 0, 2 ** 53 - 1),
    "no JSON": file("{nonsense"),
    "a list": file("[]"),
    "deep nesting": file("[".repeat(200_000)),
    "an unknown type": file(place("F128", [1], [0, 16]), 16),
    "a type of the language": file(place("constructor", [1], [0, 16]), 16),
    "a negative size": file(place("F32", [-1], [0, 4]), 4),
    "a broken size": file(place("F32", [0.5], [0, 2]), 2),
    "an overflow": file(place("F32", [2 ** 40, 2 ** 40], [0, 4]), 4),
    "a place beyond the file": file(place("F32", [2], [0, 8]), 4),
    "a place before another": file(place("F32", [1], [4, 0]), 4),
    "data nobody owns": file(place("F32", [1], [0, 4]), 8),
    "a hole": file(place("F32", [1], [4, 8]), 8),
    "an overlap": file(
      JSON.stringify({
        a: { dtype: "F32", shape: [2], data_offsets: [0, 8] },
        b: { dtype: "F32", shape: [2], data_offsets: [4, 12] },
      }),
      12,
    ),
    "metadata of numbers": file(JSON.stringify({ __metadata__: { a: 1 } })),
  };
  for (const [what, bytes] of Object.entries(hostile)) {
    it(`with ${what} are refused`, () => {
      expect(code(() => openSafetensors(put("h.safetensors", bytes)))).toBe("MODEL_REFUSED");
    });
  }

  it("cut or altered anywhere are read or refused, nothing else", () => {
    const bytes = Buffer.from(recorded.file, "base64");
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const changed = cut ? bytes.subarray(0, at) : Buffer.from(bytes);
        if (!cut) changed[at] = value;
        const answer = code(() => {
          const weights = openSafetensors(put("m.safetensors", changed));
          for (const name of weights.names) weights.read(name);
          weights.close();
        });
        expect(["accepted", "MODEL_REFUSED"]).toContain(answer);
        if (cut) expect(answer).toBe("MODEL_REFUSED");
      }),
    );
  });
});

describe("weights in a folder", () => {
  const one = (value: number): Record<string, StoredTensor> => ({
    [`t${value}`]: storedTensor({ type: "float32", shape: [1], data: Float32Array.of(value) }),
  });
  const index = (map: Record<string, unknown>) =>
    put("model.safetensors.index.json", JSON.stringify({ metadata: {}, weight_map: map }));

  it("are one file or several", () => {
    writeSafetensors(join(folder, "s1.safetensors"), one(1));
    writeSafetensors(join(folder, "s2.safetensors"), one(2));
    index({ t2: "s2.safetensors", t1: "s1.safetensors" });
    const sharded = openWeights(folder);
    expect(sharded.names).toEqual(["t1", "t2"]);
    expect(tensorOf(sharded.read("t2")).data).toEqual(Float32Array.of(2));
    expect(sharded.describe("t1")).toMatchObject({ type: "F32", shape: [1] });
    expect(code(() => sharded.read("t3"))).toBe("MODEL_REFUSED");
    sharded.close();
    writeSafetensors(join(folder, "model.safetensors"), one(3));
    const single = openWeights(folder);
    expect(single.names).toEqual(["t3"]);
    single.close();
  });

  it("are refused when a shard lies elsewhere, is a link or does not hold its tensor", () => {
    writeSafetensors(join(folder, "s1.safetensors"), one(1));
    symlinkSync(join(folder, "s1.safetensors"), join(folder, "link.safetensors"));
    const answers = ["../s1.safetensors", "link.safetensors", "gone.safetensors", "s1.bin", 7].map((shard) =>
      code(() => openWeights(index({ t1: shard }))),
    );
    expect(answers).toEqual([
      "PATH_REFUSED",
      "PATH_REFUSED",
      "PATH_REFUSED",
      "MODEL_REFUSED",
      "MODEL_REFUSED",
    ]);
    expect(code(() => openWeights(index({ t9: "s1.safetensors" })))).toBe("MODEL_REFUSED");
    expect(code(() => openWeights(put("none.index.json", "{}")))).toBe("MODEL_REFUSED");
    expect(code(() => openWeights(join(folder, "none")))).toBe("DATA_NOT_FOUND");
    rmSync(join(folder, "model.safetensors.index.json"));
    expect(code(() => openWeights(folder))).toBe("DATA_NOT_FOUND");
  });
});
