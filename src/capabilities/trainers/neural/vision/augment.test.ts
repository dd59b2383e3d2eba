import { describe, expect, it } from "vitest";
import { createRandom } from "../../../../foundation/base/random.js";
import { augmentPicture, type PictureChanges } from "./augment.js";

const none: PictureChanges = { flip: "none", shift: 0, rotation: 0, colour: 0, cutout: 0, erasing: 0 };
const size = { height: 2, width: 3, channels: 1 };
const picture = Uint8Array.of(1, 2, 3, 4, 5, 6);

/** All different results of many draws, as texts. */
function results(changes: Partial<PictureChanges>, source = picture, shape = size): Set<string> {
  const random = createRandom("augment");
  return new Set(
    Array.from({ length: 200 }, () => {
      const target = new Uint8Array(source.length);
      augmentPicture(source, shape, { ...none, ...changes }, random, target, 0);
      return target.join();
    }),
  );
}

describe("augmentPicture", () => {
  it("copies where nothing is to change, at any offset", () => {
    expect(results({})).toEqual(new Set(["1,2,3,4,5,6"]));
    const target = new Uint8Array(8);
    augmentPicture(picture, size, none, createRandom(1), target, 2);
    expect([...target]).toEqual([0, 0, 1, 2, 3, 4, 5, 6]);
  });

  it("flips to either side, and upside down", () => {
    expect(results({ flip: "horizontal" })).toEqual(new Set(["1,2,3,4,5,6", "3,2,1,6,5,4"]));
    expect(results({ flip: "both" })).toEqual(
      new Set(["1,2,3,4,5,6", "3,2,1,6,5,4", "4,5,6,1,2,3", "6,5,4,3,2,1"]),
    );
  });

  it("shifts by whole pixels and repeats the border", () => {
    const shifted = results({ shift: 0.34 });
    expect(shifted).toContain("1,1,2,4,4,5");
    expect(shifted).toContain("2,3,3,5,6,6");
    expect([...shifted].every((text) => text.split(",").every((value) => +value >= 1 && +value <= 6))).toBe(
      true,
    );
  });

  it("turns around the centre: a quarter turn of a square is its transpose, mirrored", () => {
    const square = { height: 3, width: 3, channels: 1 };
    const source = Uint8Array.of(0, 80, 0, 0, 80, 0, 0, 80, 0);
    const turned = [...results({ rotation: 90 }, source, square)].map((text) => text.split(",").map(Number));
    // The middle stays, and a bar lies along some direction through it.
    expect(turned.every((values) => values[4] === 80)).toBe(true);
    expect(turned.some((values) => values[3]! > 60 && values[5]! > 60 && values[1]! < 30)).toBe(true);
  });

  it("recolours without leaving the range, cuts out squares and erases rectangles", () => {
    const shape = { height: 8, width: 8, channels: 3 };
    const bright = new Uint8Array(192).fill(250);
    const coloured = [...results({ colour: 1 }, bright, shape)];
    expect(coloured.length).toBeGreaterThan(50);
    const cut = [...results({ cutout: 0.5 }, bright, shape)].map((text) => text.split(",").map(Number));
    expect(Math.max(...cut.map((values) => values.filter((value) => value === 128).length))).toBe(4 * 4 * 3);
    const erased = [...results({ erasing: 1 }, bright, shape)].map((text) => text.split(","));
    expect(erased.every((values) => values.some((value) => value !== "250"))).toBe(true);
  });
});
