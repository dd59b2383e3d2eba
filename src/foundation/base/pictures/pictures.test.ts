import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.js";
import { fitPicture, resizePicture } from "./fit-picture.js";
import { imageBytes, imageUri, isImageUri } from "./image-text.js";
import { decodeNetpbm, encodeNetpbm } from "./netpbm.js";
import type { Picture } from "./picture.js";

const picture = (width: number, height: number, channels: number, seed = 1): Picture => {
  const random = createRandom(`picture ${seed}`);
  return {
    width,
    height,
    channels,
    data: Uint8Array.from({ length: width * height * channels }, () => random.integer(256)),
  };
};
const sizes = fc.record({
  width: fc.integer({ min: 1, max: 20 }),
  height: fc.integer({ min: 1, max: 20 }),
  channels: fc.constantFrom(1, 3),
});

describe("fitPicture", () => {
  it("takes the mean of the area that a smaller pixel covers", () => {
    const data = Uint8Array.of(0, 10, 20, 30, 40, 50, 60, 70);
    expect([...resizePicture({ width: 4, height: 2, channels: 1, data }, 2, 1)]).toEqual([25, 45]);
    // 3 to 2: one and a half pixels each.
    const row = { width: 3, height: 1, channels: 1, data: Uint8Array.of(0, 90, 30) };
    expect([...resizePicture(row, 2, 1)]).toEqual([30, 50]);
  });

  it("goes linearly between the centres where it enlarges", () => {
    const row = { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 100) };
    expect([...resizePicture(row, 4, 1)]).toEqual([0, 25, 75, 100]);
    expect([...resizePicture({ ...row, width: 1, height: 2 }, 1, 4)]).toEqual([0, 25, 75, 100]);
  });

  it("keeps flat pictures flat, stays within the range, and keeps the mean of what it shrinks by whole numbers", () => {
    fc.assert(
      fc.property(sizes, sizes, fc.integer({ min: 0, max: 255 }), (from, to, value) => {
        const flat = { ...from, data: new Uint8Array(from.width * from.height * from.channels).fill(value) };
        return fitPicture(flat, to).every((pixel) => pixel === value);
      }),
    );
    const large = picture(12, 8, 1);
    const small = resizePicture(large, 4, 4);
    const mean = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean(small) - mean(large.data))).toBeLessThan(0.5);
  });

  it("turns colours into their luma and back into equal channels", () => {
    const colours = { width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0, 0, 0, 255) };
    expect([...fitPicture(colours, { width: 2, height: 1, channels: 1 })]).toEqual([76, 29]);
    const grey = { width: 1, height: 1, channels: 1, data: Uint8Array.of(7) };
    expect([...fitPicture(grey, { width: 1, height: 1, channels: 3 })]).toEqual([7, 7, 7]);
  });
});

describe("Netpbm and texts", () => {
  it("read what they wrote", () => {
    fc.assert(
      fc.property(sizes, fc.integer(), ({ width, height, channels }, seed) => {
        const original = picture(width, height, channels, seed);
        const text = imageUri(encodeNetpbm(original), "x-portable-graymap");
        expect(isImageUri(text)).toBe(true);
        expect(decodeNetpbm(imageBytes(text)!)).toEqual(original);
      }),
    );
  });

  it("refuse damaged headers and contents", () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    expect(() => decodeNetpbm(bytes("P5\n4 4\n255\nabc"))).toThrow("cut off");
    expect(() => decodeNetpbm(bytes("P5\n0 4\n255\n"))).toThrow("no pixels");
    expect(() => decodeNetpbm(bytes("P5\n4 4\n65535\n"))).toThrow("largest value");
    expect(() => decodeNetpbm(bytes("P5\n# only a comment"))).toThrow("damaged");
    expect(decodeNetpbm(bytes("P5 # note\n2 1 255\nab")).data).toEqual(bytes("ab"));
    expect(imageBytes("not base64!")).toBeUndefined();
    expect(isImageUri("data:text/html;base64,AAAA")).toBe(false);
  });
});
