/** Batches of pictures with what is true of each, changed a little each time they are seen. */
import type { Random } from "../../../../foundation/base/random.js";
import type { ImageColumn } from "../../../../foundation/contracts/frame.js";
import { elementCount, type Tensor } from "../../../../foundation/contracts/tensor.js";
import { type Batches, type BatchPort, streamedBatches } from "../batches.js";
import { createRowStream } from "../row-stream.js";
import { AS_IT_IS, drawPlacement, type Placement, placePicture } from "./augment-scene.js";
import type { SceneChanges } from "./scene-fields.js";

/** The tensor with the pictures of a batch, uint8 [B, H, W, C]. */
export const PICTURES = "pictures";

/** What one picture contributes to the truth, by name; views of a batch that holds zeros. */
export type TruthParts = Readonly<Record<string, Float32Array | Uint8Array>>;

/** Pictures and what is true of them. */
export interface Scenes {
  readonly pictures: ImageColumn;
  readonly rows: number;
  /** Type and shape of the truth of ONE picture, by name. */
  readonly truth: Readonly<
    Record<string, { readonly type: "float32" | "uint8"; readonly shape: readonly number[] }>
  >;
  /** Writes the truth of a row whose picture is placed so. */
  writeTruth(row: number, placement: Placement, parts: TruthParts): void;
}

type Stacks = Readonly<Record<string, Float32Array | Uint8Array>>;
type Ports = Readonly<Record<string, BatchPort & { readonly type: "float32" | "uint8" }>>;

/** Same scenes, changes and seed: same batches, however many are taken at a time. */
export function sceneBatches(scenes: Scenes, batch: number, changes: SceneChanges, random: Random): Batches {
  const stream = createRowStream(scenes.rows, batch, 1, random.fork("rows"));
  const draws = random.fork("changes");
  const ports = portsOf(scenes, batch);
  return streamedBatches(ports, (steps) => {
    const stacks = emptyStacks(ports, steps);
    for (const [at, row] of stream.next(steps).entries()) {
      const placement = drawPlacement(changes, draws);
      writeScene({ scenes, row: Number(row), at, placement, changes }, draws, stacks);
    }
    return stacks;
  });
}

/** Rows `start` to `end` as they are. */
export function plainScenes(
  scenes: Scenes,
  start: number,
  end: number,
  random: Random,
): Record<string, Tensor> {
  const ports = portsOf(scenes, end - start);
  const stacks = emptyStacks(ports, 1);
  const changes = { colour: 0, cutout: 0 };
  for (let row = start; row < end; row++) {
    writeScene({ scenes, row, at: row - start, placement: AS_IT_IS, changes }, random, stacks);
  }
  return Object.fromEntries(
    Object.entries(ports).map(([name, { type, shape }]) => {
      return [name, { type, shape, data: stacks[name]! } as Tensor];
    }),
  );
}

export function portsOf({ pictures, truth }: Scenes, batch: number): Ports {
  const { height, width, channels } = pictures;
  const others = Object.entries(truth).map(([name, { type, shape }]) => {
    return [name, { type, shape: [batch, ...shape] }] as const;
  });
  return {
    [PICTURES]: { type: "uint8", shape: [batch, height, width, channels] },
    ...Object.fromEntries(others),
  };
}

const ARRAYS = { float32: Float32Array, uint8: Uint8Array } as const;

function emptyStacks(ports: Ports, steps: number): Stacks {
  return Object.fromEntries(
    Object.entries(ports).map(([name, { type, shape }]) => {
      return [name, new ARRAYS[type](steps * elementCount(shape))];
    }),
  );
}

interface PlacedScene {
  readonly scenes: Scenes;
  readonly row: number;
  /** Position among the pictures of the stacks. */
  readonly at: number;
  readonly placement: Placement;
  readonly changes: Pick<SceneChanges, "colour" | "cutout">;
}

function writeScene(
  { scenes, row, at, placement, changes }: PlacedScene,
  random: Random,
  stacks: Stacks,
): void {
  const { pictures, truth } = scenes;
  const length = pictures.height * pictures.width * pictures.channels;
  const part = (name: string, width: number) => stacks[name]!.subarray(at * width, (at + 1) * width);
  const source = pictures.values.subarray(row * length, (row + 1) * length);
  placePicture(source, pictures, placement, changes, random, part(PICTURES, length) as Uint8Array);
  const parts = Object.entries(truth).map(([name, { shape }]) => [name, part(name, elementCount(shape))]);
  scenes.writeTruth(row, placement, Object.fromEntries(parts));
}
