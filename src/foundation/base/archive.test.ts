import fc from "fast-check";
import { strToU8, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { packArchive, readArchive } from "./archive.js";

const limits = { entries: 10, totalBytes: 1 << 20, ratio: 50, nameBytes: 40 };
const refusal = (bytes: Uint8Array): string => {
  try {
    readArchive(bytes, limits);
    return "read";
  } catch (error) {
    expect((error as { code: string }).code).toBe("BUNDLE_INVALID");
    return (error as Error).message;
  }
};

/** Sets bytes of the central directory entry (`at` from its start). */
function patched(
  bytes: Uint8Array,
  at: number,
  values: readonly number[],
  signature = 0x02014b50,
): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  for (let start = 0; start < copy.length - 4; start++) {
    if (view.getUint32(start, true) !== signature) continue;
    copy.set(values, start + at);
    return copy;
  }
  throw new Error("no such record");
}

describe("archives", () => {
  it("reads what it wrote", () => {
    const name = fc
      .stringMatching(/^[a-z\u4e00-\u4e10 .-]{1,8}(\/[a-z]{1,5})?$/)
      .filter((text) => !/^\.+(\/|$)/.test(text));
    const files = fc.dictionary(name, fc.uint8Array({ maxLength: 500 }), {
      maxKeys: 8,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(files, (content) => {
        const map = new Map(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1)));
        expect(readArchive(packArchive(map))).toEqual(map);
      }),
    );
  });

  it("writes equal bytes for equal files, whatever their order", () => {
    const entries: [string, Uint8Array][] = [
      ["b", strToU8("2")],
      ["a", strToU8("1")],
    ];
    expect(packArchive(new Map(entries))).toEqual(packArchive(new Map([...entries].reverse())));
  });

  it("refuses names that leave the folder or that systems read differently", () => {
    for (const name of ["../a", "/a", "a/../b", "a\\b", "a%2fb", "c:a", "a//b", "./a", "a\0b"]) {
      expect(refusal(zipSync({ [name]: strToU8("x") })), name).toMatch(/no plain path|cannot be read/);
    }
    expect(refusal(zipSync({ ["x".repeat(41)]: strToU8("x") }))).toMatch("very long name");
  });

  it("requirement 5: refuses bombs, links, encryption and sizes that are not true", () => {
    const sound = zipSync({ a: [strToU8("hello hello hello hello"), { level: 6 }] });
    expect(refusal(sound)).toBe("read");
    expect(refusal(zipSync({ a: new Uint8Array(1 << 21) }))).toMatch("unpacks to more than 1048576 bytes");
    expect(
      refusal(zipSync(Object.fromEntries(Array.from({ length: 11 }, (_, k) => [`f${k}`, strToU8("")])))),
    ).toMatch("11 entries");
    expect(refusal(patched(sound, 24, [5]))).toMatch("longer than it says");
    expect(refusal(patched(sound, 24, [200]))).toMatch("shorter than it says");
    expect(refusal(patched(sound, 16, [1, 2, 3]))).toMatch("checksum");
    expect(refusal(patched(sound, 8, [1]))).toMatch("encrypted");
    expect(refusal(patched(sound, 10, [9]))).toMatch("compression method 9");
    expect(refusal(patched(sound, 40, [0xff, 0xa1]))).toMatch("link or a special file");
    expect(refusal(patched(sound, 42, [0xff, 0xff]))).toMatch("no header");
    expect(refusal(patched(sound, 20, [0xff, 0xff]))).toMatch("past the end");
  });

  it("refuses entries that share bytes", () => {
    const two = zipSync({ a: [strToU8("1"), { level: 0 }], b: [strToU8("1"), { level: 0 }] });
    const view = new DataView(two.buffer);
    const entries = Array.from({ length: two.length - 4 }, (_, at) => at).filter(
      (at) => view.getUint32(at, true) === 0x02014b50,
    );
    view.setUint32(entries[1]! + 42, view.getUint32(entries[0]! + 42, true), true);
    expect(refusal(two)).toMatch("overlaps another");
  });
});
