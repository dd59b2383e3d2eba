import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { NetworkTensors } from "../../inference.js";
import { networkAnswers } from "../../inference.js";
import { FAMILIES } from "./encoder-architecture.js";
import { encoderStates } from "./encoder-network.js";
import { readEncoder } from "./read-encoder.js";

interface Recorded {
  padding: number;
  ids: number[][];
  states: number[][];
  pairs?: { ids: number[][]; states: number[][] };
}
const FOLDER = "test/oracles/encoders";
const expected = JSON.parse(readFileSync(`${FOLDER}/expected.json`, "utf8")) as Record<string, Recorded>;

describe("pretrained encoders", () => {
  const cases = FAMILIES.flatMap((family) => [
    { family, file: "", read: family },
    { family, file: "/model.onnx", read: "imported" },
  ]);
  it.each(cases)("computes what the reference computes: $family$file", ({ family, file, read }) => {
    const { padding, ids, states } = expected[family]!;
    const { architecture, tensors } = readEncoder(`${FOLDER}/${family}${file}`);
    expect(architecture).toMatchObject({ family: read, padding, layers: 2, vocabulary: 40, width: 8 });
    const answers = networkAnswers(
      (scope, { tokens }) => encoderStates(scope, tokens!, architecture),
      tensors,
    );
    const swapped = ids.flat().map((id) => (id === padding ? 0 : id === 0 ? padding : id));
    const length = ids[0]!.length;
    const tokens = { type: "int32", shape: [ids.length, length], data: Int32Array.from(swapped) } as const;
    const made = answers({ tokens });
    const { width } = architecture;
    for (const [row, wanted] of states.entries()) {
      for (const [k, value] of wanted.entries()) {
        expect(Math.abs(made[row * length * width + k]! - value)).toBeLessThan(1e-5);
      }
    }
  });

  it.each(["", "/model.onnx"])("tells a first text from a second as the reference does: bert%s", (file) => {
    const { ids, states } = expected.bert!.pairs!;
    const { architecture, tensors } = readEncoder(`${FOLDER}/bert${file}`);
    const answers = networkAnswers(
      (scope, { tokens }) => encoderStates(scope, tokens!, architecture, { separator: 3 }),
      tensors,
    );
    const length = ids[0]!.length;
    const made = answers({
      tokens: { type: "int32", shape: [ids.length, length], data: Int32Array.from(ids.flat()) },
    });
    for (const [row, wanted] of states.entries()) {
      for (const [k, value] of wanted.entries()) {
        expect(Math.abs(made[row * length * architecture.width + k]! - value)).toBeLessThan(1e-5);
      }
    }
  });

  it("asks for every parameter that it was given, and for no other", () => {
    const { architecture, tensors } = readEncoder(`${FOLDER}/bert`);
    const asked = new Set<string>();
    const watched = new Proxy(tensors, {
      get: (target, name: string) => {
        asked.add(name);
        return target[name];
      },
    }) as NetworkTensors;
    const answers = networkAnswers(
      (scope, { tokens }) => encoderStates(scope, tokens!, architecture, { separator: 3 }),
      watched,
    );
    answers({ tokens: { type: "int32", shape: [1, 4], data: Int32Array.of(2, 5, 3, 0) } });
    expect([...asked].sort()).toEqual(Object.keys(tensors).sort());
  });

  it("says what is missing", () => {
    expect(() => readEncoder("test/oracles/tokenizers")).toThrow(/no pretrained model in/);
  });
});
