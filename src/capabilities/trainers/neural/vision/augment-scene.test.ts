import { describe, expect, it } from "vitest";
import { createRandom } from "../../../../foundation/base/random.js";
import {
  AS_IT_IS,
  drawPlacement,
  type Placement,
  placeBox,
  placeClasses,
  placePicture,
} from "./augment-scene.js";

const size = { height: 16, width: 24, channels: 1 };
const pixels = size.height * size.width;
const still = { colour: 0, cutout: 0 };

/** One bright rectangle, in the picture, among the classes and as a box. */
function rectangle(left: number, top: number, right: number, bottom: number) {
  const picture = new Uint8Array(pixels);
  const classes = new Uint8Array(pixels);
  for (let y = top; y < bottom; y++) {
    picture.fill(200, y * size.width + left, y * size.width + right);
    classes.fill(3, y * size.width + left, y * size.width + right);
  }
  const corners = [left / size.width, top / size.height, right / size.width, bottom / size.height] as const;
  return { picture, classes, corners };
}

function placed({ picture, classes, corners }: ReturnType<typeof rectangle>, placement: Placement) {
  const moved = { picture: new Uint8Array(pixels), classes: new Uint8Array(pixels) };
  placePicture(picture, size, placement, still, createRandom(1), moved.picture);
  placeClasses(classes, size, placement, 255, moved.classes);
  return { ...moved, ...placeBox(corners, placement) };
}

/** Left, top, right, bottom in pixels of what is true at least. */
function extent(values: Uint8Array, isIn: (value: number) => boolean): number[] {
  const at = [...values.keys()].filter((k) => isIn(values[k]!));
  const [xs, ys] = [at.map((k) => k % size.width), at.map((k) => Math.floor(k / size.width))];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
}

describe("a placed scene", () => {
  it("stays as it is where nothing is drawn", () => {
    const scene = rectangle(3, 4, 9, 8);
    expect(drawPlacement({ flip: "none", zoom: 0, shift: 0 }, createRandom(1))).toEqual(AS_IT_IS);
    const { picture, classes, corners, seen } = placed(scene, AS_IT_IS);
    expect([picture, classes, [...corners]]).toEqual([scene.picture, scene.classes, [...scene.corners]]);
    expect(seen).toBeCloseTo(1, 12);
  });

  it("has picture, classes and box in the same place, whatever is drawn", () => {
    const random = createRandom("placements");
    const scene = rectangle(9, 5, 16, 11);
    for (let draw = 0; draw < 100; draw++) {
      const made = placed(scene, drawPlacement({ flip: "both", zoom: 0.4, shift: 0.15 }, random));
      const [left, top, right, bottom] = made.corners;
      const box = [left * size.width, top * size.height, right * size.width, bottom * size.height];
      for (const shown of [extent(made.picture, (v) => v > 164), extent(made.classes, (v) => v === 3)]) {
        for (const [k, side] of shown.entries()) expect(Math.abs(side - box[k]!)).toBeLessThanOrEqual(1.01);
      }
    }
  });

  it("is ignored outside, and says how much of a box is left", () => {
    const half: Placement = { startX: 0.5, stepX: 1, startY: 0, stepY: 1 };
    const { picture, classes, corners, seen } = placed(rectangle(6, 4, 18, 8), half);
    expect([...corners]).toEqual([0, 0.25, 0.25, 0.5]);
    expect(seen).toBeCloseTo(0.5, 12);
    expect(classes[size.width - 1]).toBe(255);
    expect(picture[size.width - 1]).toBe(128);
    expect(placeBox([0, 0, 0.2, 0.2], half).seen).toBe(0);
  });
});
