import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createImageDecoder, readImageHeader } from "./decode-image.js";

const RED = { width: 6, height: 4, channels: 3 as const, background: "#ff0000" };
const redFile = () => sharp({ create: RED });

/** A PNG whose header claims any size, with few bytes behind it. */
function claimingPng(width: number, height: number): Uint8Array {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.alloc(1000))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

describe("createImageDecoder", () => {
  const decode = createImageDecoder();

  it("reads PNG, JPEG, WebP and GIF as sRGB", async () => {
    for (const format of ["png", "jpeg", "webp", "gif"] as const) {
      const { width, height, channels, data } = await decode(await redFile().toFormat(format).toBuffer());
      expect([width, height, channels], format).toEqual([6, 4, 3]);
      expect(data[0], format).toBeGreaterThan(250);
      expect(data[1], format).toBeLessThan(5);
    }
  });

  it("puts transparent pixels on white and turns as EXIF says", async () => {
    const clear = { ...RED, channels: 4 as const, background: { r: 0, g: 0, b: 0, alpha: 0 } };
    const { data } = await decode(await sharp({ create: clear }).png().toBuffer());
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
    const turned = await redFile().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await readImageHeader(turned)).toMatchObject({ width: 4, height: 6 });
    expect(await decode(turned)).toMatchObject({ width: 4, height: 6 });
  });

  it("requirement 5: refuses by the header what would fill the memory", async () => {
    const before = process.memoryUsage().rss;
    const bombs = Array.from({ length: 10 }, () => decode(claimingPng(30_000, 30_000)));
    for (const bomb of await Promise.allSettled(bombs)) expect(bomb.status).toBe("rejected");
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
    const small = createImageDecoder({ bytes: 10, pixels: 100 });
    await expect(small(await redFile().png().toBuffer())).rejects.toThrow("over the limit of 10");
  });

  it("says what is wrong with damaged files and with other formats", async () => {
    const jpeg = await sharp({ create: { ...RED, width: 200, height: 200 } })
      .jpeg()
      .toBuffer();
    await expect(decode(jpeg.subarray(0, jpeg.length >> 1))).rejects.toThrow("cannot be decoded: ");
    await expect(decode(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"))).rejects.toThrow(
      "SVG is not read; save it as JPEG or PNG",
    );
    await expect(decode(Buffer.from("\0\0\0\x18ftypheic\0\0\0\0", "latin1"))).rejects.toThrow(
      "HEIC is not read",
    );
    await expect(decode(Buffer.from("hello, no picture"))).rejects.toThrow("no JPEG");
    await expect(decode(claimingPng(20_000, 20_000))).rejects.toThrow(
      "20000 x 20000 pixels are over the limit",
    );
    await expect(decode(new Uint8Array())).rejects.toThrow("the file is empty");
    await expect(decode(claimingPng(64, 64))).rejects.toThrow("cannot be decoded");
  });
});
