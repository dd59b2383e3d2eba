import sharp from "sharp";
import { expect, it } from "vitest";
import { imageBytes } from "../../foundation/base/pictures/image-text.js";
import { createFrame } from "../../foundation/contracts/frame.js";
import { rowImages } from "./thumbnails.js";

it("shows the images of a row as small PNG files that other programs read", async () => {
  const size = { height: 100, width: 200, channels: 3 } as const;
  const values = new Uint8Array(2 * 100 * 200 * 3).fill(40);
  values.fill(200, 100 * 200 * 3);
  const frame = createFrame([
    ["number", { kind: "number", values: Float32Array.of(1, 2) }],
    ["photo", { kind: "image", values, ...size }],
  ]);
  const [image] = rowImages(frame, 1).images!;
  const { data, info } = await sharp(imageBytes(image!.png)).raw().toBuffer({ resolveWithObject: true });
  expect(image!.column).toBe("photo");
  expect(info).toMatchObject({ width: 96, height: 48, channels: 3 });
  expect(data.every((value) => value === 200)).toBe(true);
  expect(rowImages(createFrame([["number", { kind: "number", values: Float32Array.of(1) }]]), 0)).toEqual({});
});
