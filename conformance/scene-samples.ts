/** Made pictures for detection and segmentation: discs, striped squares and chequered triangles on textured grounds, also one over another. */
import { createRandom, type Random } from "../src/foundation/base/random.js";
import { createFrame, type Frame } from "../src/foundation/contracts/frame.js";
import type {
  DetectionTarget,
  PictureBox,
  SegmentationTarget,
} from "../src/foundation/contracts/structured.js";

export const SHAPES = ["disc", "square", "triangle"] as const;

export interface MadeScenes {
  readonly features: Frame;
  readonly boxes: DetectionTarget;
  /** Label 0 is the ground. */
  readonly masks: SegmentationTarget;
}

export interface SceneOptions {
  readonly rows: number;
  readonly height: number;
  readonly width: number;
  /** At most; at least one. */
  readonly objects: number;
  /** Sides of objects in pixels, from and to. */
  readonly sides: readonly [number, number];
  readonly seed: string;
}

const between = (random: Random, [low, high]: readonly [number, number]): number =>
  low + (high - low) * random.uniform();

export function madeScenes({ rows, height, width, objects, sides, seed }: SceneOptions): MadeScenes {
  const random = createRandom(`scenes ${seed}`);
  const values = new Uint8Array(rows * height * width * 3);
  const boxes: PictureBox[][] = [];
  const masks: Uint8Array[] = [];
  for (let row = 0; row < rows; row++) {
    const picture = values.subarray(row * height * width * 3, (row + 1) * height * width * 3);
    const ground = [0, 1, 2].map(() => 60 + random.integer(130));
    paintGround(picture, width, ground, random);
    const mask = new Uint8Array(height * width);
    const found: PictureBox[] = [];
    const count = 1 + random.integer(objects);
    for (let k = 0; k < count; k++) {
      const shape = {
        label: random.integer(SHAPES.length),
        side: between(random, sides),
        x: 0,
        y: 0,
        colour: otherColour(ground, random),
      };
      shape.x = between(random, [0, width - shape.side]);
      shape.y = between(random, [0, height - shape.side]);
      if (isMostlyHidden(shape, found, { height, width })) continue;
      paintShape(picture, mask, width, shape);
      found.push(boxOf(shape, height, width));
    }
    boxes.push(found);
    masks.push(mask);
  }
  return {
    features: createFrame([["picture", { kind: "image", values, height, width, channels: 3 }]]),
    boxes: { task: "detection", labels: SHAPES, rows: boxes },
    masks: { task: "segmentation", labels: ["ground", ...SHAPES], height, width, rows: masks },
  };
}

interface Shape {
  readonly label: number;
  readonly side: number;
  readonly x: number;
  readonly y: number;
  readonly colour: readonly number[];
}

const boxOf = ({ label, side, x, y }: Shape, height: number, width: number): PictureBox => ({
  label,
  x: x / width,
  y: y / height,
  width: side / width,
  height: side / height,
});

/** Where the new shape would cover more than a third of one that is there. */
function isMostlyHidden(
  shape: Shape,
  found: readonly PictureBox[],
  { height, width }: { height: number; width: number },
): boolean {
  const own = boxOf(shape, height, width);
  return found.some((box) => {
    const across = Math.min(own.x + own.width, box.x + box.width) - Math.max(own.x, box.x);
    const down = Math.min(own.y + own.height, box.y + box.height) - Math.max(own.y, box.y);
    return across > 0 && down > 0 && across * down > (box.width * box.height) / 3;
  });
}

/** One that can be told from the ground. */
function otherColour(ground: readonly number[], random: Random): number[] {
  for (;;) {
    const colour = [0, 1, 2].map(() => 20 + random.integer(236));
    if (colour.some((value, c) => Math.abs(value - ground[c]!) > 90)) return colour;
  }
}

/** Waves, a slope and noise around a colour. */
function paintGround(picture: Uint8Array, width: number, colour: readonly number[], random: Random): void {
  const [waveX, waveY] = [random.uniform() * 0.8, random.uniform() * 0.8];
  const slope = between(random, [-0.5, 0.5]);
  for (let at = 0; at < picture.length / 3; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const wave = 18 * Math.sin(waveX * x + waveY * y) + slope * (x - width / 2);
    for (let c = 0; c < 3; c++) {
      const value = colour[c]! + wave + 30 * (random.uniform() - 0.5);
      picture[3 * at + c] = Math.min(255, Math.max(0, Math.round(value)));
    }
  }
}

function isInside({ label, side, x, y }: Shape, column: number, row: number): boolean {
  const [u, v] = [(column + 0.5 - x) / side, (row + 0.5 - y) / side];
  if (u < 0 || u > 1 || v < 0 || v > 1) return false;
  if (label === 0) return (u - 0.5) ** 2 + (v - 0.5) ** 2 <= 0.25;
  return label === 1 || Math.abs(u - 0.5) <= v / 2;
}

/** How far the patterns on shapes differ from their colour. */
const PATTERN = 25;

/** Discs are plain, squares striped, triangles chequered: -1, 0 or 1. */
function patternAt(label: number, column: number, row: number): number {
  if (label === 0) return 0;
  return (label === 1 ? row : column + row) % 2 === 0 ? 1 : -1;
}

function paintShape(picture: Uint8Array, mask: Uint8Array, width: number, shape: Shape): void {
  for (let at = 0; at < mask.length; at++) {
    if (!isInside(shape, at % width, Math.floor(at / width))) continue;
    const [column, row] = [at % width, Math.floor(at / width)];
    const lift = PATTERN * patternAt(shape.label, Math.floor(column / 3), Math.floor(row / 3));
    for (let c = 0; c < 3; c++) picture[3 * at + c] = Math.min(255, Math.max(0, shape.colour[c]! + lift));
    mask[at] = shape.label + 1;
  }
}
