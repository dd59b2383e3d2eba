import { describe, expect, it } from "vitest";
import { admitModel } from "../../src/engines/onnx/index.js";
import { readModel, writeModel } from "../../src/engines/onnx/protobuf/messages.js";
import { QuernError } from "../../src/foundation/base/errors.js";
import { createRandom } from "../../src/foundation/base/random.js";
import { HOSTILE, SMALL_BOMB, SOUND } from "./hostile-models.js";
import { mutated } from "./mutate.js";

const refusal = (bytes: Uint8Array): string => {
  try {
    admitModel(bytes);
  } catch (error) {
    if (!QuernError.is(error)) throw error;
    expect(error.code).toBe("MODEL_REFUSED");
    return error.message;
  }
  return "admitted";
};

describe("the model loader", () => {
  it.each(Object.keys(SOUND))("admits a sound model (%s) and writes what it understood", (name) => {
    const bytes = writeModel(SOUND[name]!);
    expect(readModel(admitModel(bytes).bytes)).toEqual(readModel(bytes));
  });

  it.each(Object.keys(HOSTILE))("refuses %s", (name) => {
    expect(refusal(writeModel(HOSTILE[name]!))).toMatch(/^The model (is refused|file is malformed): /);
  });

  it("refuses a bomb of under a hundred bytes", () => {
    expect(SMALL_BOMB.length).toBeLessThan(100);
    expect(refusal(SMALL_BOMB)).toMatch("needs more than");
  });

  it("refuses messages nested beyond any model", () => {
    // Types of sequences of sequences of …: each level is a field 4 of TypeProto and a field 1 inside it.
    let type: Uint8Array = new Uint8Array();
    for (let depth = 0; depth < 3000; depth++) {
      type = wrapped(4, wrapped(1, type));
    }
    const bytes = wrapped(7, wrapped(11, wrapped(2, type)));
    expect(refusal(bytes)).toMatch("nested too deeply");
  });

  it("refuses lengths and numbers that leave the file", () => {
    for (const bytes of [
      [0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [0x3a, 0x05, 0x0a],
      [0x08, ...new Array(11).fill(0xff)],
      [0xff],
    ]) {
      expect(refusal(Uint8Array.from(bytes))).toMatch("malformed");
    }
    expect(refusal(new Uint8Array())).toMatch("names no operator set");
  });

  it("bounds the rows given at once by what the graph makes of them", () => {
    const small = admitModel(writeModel(SOUND.elementwise!)).comfortableRows;
    expect(small).toBe(1024);
  });

  it("requirement 6: survives ten thousand mutated files without another error than its own", () => {
    const random = createRandom("mutations");
    let admitted = 0;
    for (const model of Object.values(SOUND)) {
      const bytes = writeModel(model);
      for (let round = 0; round < 2000; round++) {
        if (refusal(mutated(bytes, random)) === "admitted") admitted++;
      }
    }
    // Names and numbers may change without harm; most changes are noticed.
    expect(admitted).toBeLessThan(6000);
  });
});

function wrapped(field: number, content: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = content.length; ; rest >>>= 7) {
    length.push(rest < 128 ? rest : (rest & 127) | 128);
    if (rest < 128) break;
  }
  return Uint8Array.of((field << 3) | 2, ...length, ...content);
}
