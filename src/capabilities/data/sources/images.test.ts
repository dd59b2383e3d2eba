import { link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFrame } from "../../../engines/table/index.js";
import { imageBytes } from "../../../foundation/base/pictures/image-text.js";
import { decodeNetpbm, encodeNetpbm } from "../../../foundation/base/pictures/netpbm.js";
import { inferSchema } from "../kinds/index.js";
import { isImageFile, openSource, readImageFile } from "./index.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quern-images-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const dot = encodeNetpbm({ width: 2, height: 1, channels: 1, data: Uint8Array.of(1, 2) });

async function write(path: string, bytes: Uint8Array | string = dot): Promise<void> {
  const full = join(folder, path);
  await mkdir(join(full, ".."), { recursive: true });
  await writeFile(full, bytes);
}

async function rowsOf(location: string): Promise<Record<string, unknown>[]> {
  const { table } = await openSource(location, {}, { threads: 1, baseFolder: folder });
  try {
    return await table.query("SELECT * FROM data ORDER BY rowid");
  } finally {
    await table.close();
  }
}

/** As LeCun's files: sizes, then bytes. */
function idx(shape: readonly number[], data: readonly number[]): Uint8Array {
  const head = new Uint8Array(4 + 4 * shape.length);
  head.set([0, 0, 8, shape.length]);
  for (const [axis, size] of shape.entries()) new DataView(head.buffer).setUint32(4 + 4 * axis, size);
  return Buffer.concat([head, Uint8Array.from(data)]);
}

describe("a folder of images", () => {
  it("is a table of paths with their folders as labels", async () => {
    for (const path of ["pets/dog/b.pgm", "pets/dog/a, 1.pgm", "pets/cat/x.PGM"]) await write(path);
    await write("pets/cat/notes.md", "not an image");
    await write("pets/licence.txt", "free");
    expect(await rowsOf("pets")).toEqual([
      { image: "cat/x.PGM", label: "cat" },
      { image: "dog/a, 1.pgm", label: "dog" },
      { image: "dog/b.pgm", label: "dog" },
    ]);
  });

  it("is divided by folders called train and test; one other part is what is judged", async () => {
    for (const path of ["parts/train/a/1.pgm", "parts/val/a/2.pgm"]) await write(path);
    expect(await rowsOf("parts")).toEqual([
      { image: "train/a/1.pgm", label: "a", part: "train" },
      { image: "val/a/2.pgm", label: "a", part: "test" },
    ]);
  });
});

describe("IDX files", () => {
  it("are read with their labels and parts, compressed or not", async () => {
    await write("mnist/train-images-idx3-ubyte.gz", gzipSync(idx([2, 1, 2], [1, 2, 3, 4])));
    await write("mnist/train-labels-idx1-ubyte.gz", gzipSync(idx([2], [7, 9])));
    await write("mnist/t10k-images-idx3-ubyte", idx([1, 1, 2], [5, 6]));
    await write("mnist/t10k-labels-idx1-ubyte", idx([1], [3]));
    const rows = await rowsOf("mnist");
    const pixels = rows.map(({ image }) => [...decodeNetpbm(imageBytes(image as string)!).data]);
    expect(pixels).toEqual([
      [5, 6],
      [1, 2],
      [3, 4],
    ]);
    expect(rows.map(({ label, part }) => [label, part])).toEqual([
      [3, "test"],
      [7, "train"],
      [9, "train"],
    ]);
    expect(await rowsOf("mnist/train-images-idx3-ubyte.gz")).toHaveLength(2);
  });

  it("are refused where sizes and contents differ", async () => {
    await write("bad/train-images-idx3-ubyte", idx([3, 1, 2], [1, 2]));
    await expect(rowsOf("bad")).rejects.toMatchObject({ code: "DATA_MALFORMED" });
    await write("huge/a-images-idx3-ubyte", idx([2 ** 31, 2 ** 31, 2 ** 31], [1]));
    await expect(rowsOf("huge")).rejects.toMatchObject({ code: "DATA_MALFORMED" });
  });
});

describe("a table that names images", () => {
  it("has a column of images where the files exist beside it", async () => {
    for (const name of ["1", "2", "3"]) await write(`shop/img/${name}.pgm`);
    await write(
      "shop/items.csv",
      "photo,other,price\nimg/1.pgm,x.jpg,3\n./img/2.pgm,y.jpg,4\nimg/3.pgm,z.jpg,5\n",
    );
    const { table, imageFolder } = await openSource("shop/items.csv", {}, { threads: 1, baseFolder: folder });
    try {
      const isImage = (cell: string) => isImageFile(imageFolder!, cell);
      const { columns } = await inferSchema(table, { isImage });
      expect(columns.map(({ kind }) => kind)).toEqual(["image", "category", "number"]);
      const { columns: unseen } = await inferSchema(table);
      expect(unseen[0]!.kind).not.toBe("image");
      expect((await readFrame(table, columns)).columns.has("photo")).toBe(false);
    } finally {
      await table.close();
    }
  });

  it("never reads outside its folder", async () => {
    await write("outside.pgm");
    await write("inside/real.pgm");
    await symlink(join(folder, "outside.pgm"), join(folder, "inside/link.pgm"));
    await link(join(folder, "outside.pgm"), join(folder, "inside/hard.pgm"));
    const inside = join(folder, "inside");
    expect(readImageFile(inside, "./real.pgm", 100)).toHaveLength(dot.length);
    const hostile = [
      "../outside.pgm",
      join(folder, "outside.pgm"),
      "link.pgm",
      "hard.pgm",
      "a/../../outside.pgm",
      "%2e%2e/outside.pgm",
    ];
    for (const name of hostile) {
      expect(isImageFile(inside, name), name).toBe(false);
      expect(() => readImageFile(inside, name, 100), name).toThrowError(
        expect.objectContaining({ code: "PATH_REFUSED" }),
      );
    }
    expect(() => readImageFile(inside, "real.pgm", 3)).toThrowError(
      expect.objectContaining({ code: "DATA_TOO_LARGE" }),
    );
  });
});
