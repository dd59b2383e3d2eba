import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeNetpbm } from "../../../../foundation/base/pictures/netpbm.js";
import { openSource } from "../index.js";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "quern-annotated-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const picture = encodeNetpbm({ width: 2, height: 1, channels: 1, data: Uint8Array.of(1, 2) });

async function folder(name: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, name, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, content);
  }
  return join(root, name);
}

async function rowsOf(location: string) {
  const opened = await openSource(location, {}, { threads: 1 });
  try {
    const rows = await opened.table.query("SELECT * FROM data ORDER BY image");
    return {
      format: opened.sources[0]!.format,
      notes: opened.notes,
      rows: rows.map(({ objects, ...row }) => ({
        ...row,
        ...(objects === undefined
          ? {}
          : { objects: typeof objects === "string" ? JSON.parse(objects) : objects }),
      })),
    };
  } finally {
    await opened.table.close();
  }
}

const coco = (changes: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({
    images: [
      { id: 7, file_name: "b.pgm", width: 100, height: 50 },
      { id: 8, file_name: "a.pgm", width: 10, height: 10 },
    ],
    categories: [{ id: 3, name: "cat" }],
    annotations: [
      { image_id: 7, category_id: 3, bbox: [10, 20, 30, 5], iscrowd: 0 },
      { image_id: 7, category_id: 3, bbox: [0, 0, 100, 50], iscrowd: 1 },
      { image_id: 7, category_id: 3, bbox: [5, 5, 0, 3] },
    ],
    ...changes,
  });

describe("COCO", () => {
  it("is a row for each picture with its boxes as shares, also without objects", async () => {
    const path = await folder("coco", {
      "labels.json": coco(),
      "images/a.pgm": picture,
      "images/b.pgm": picture,
    });
    const { format, rows } = await rowsOf(path);
    expect(format).toBe("coco");
    expect(rows).toEqual([
      { image: "images/a.pgm", objects: [] },
      {
        image: "images/b.pgm",
        objects: [
          { label: "cat", box: [0.1, 0.4, 0.3, 0.1] },
          { label: "cat", box: [0, 0, 1, 1], crowd: true },
        ],
      },
    ]);
    expect((await rowsOf(join(path, "labels.json"))).rows).toEqual(rows);
  });

  it("has parts by the names of its files", async () => {
    const one = (name: string) => coco({ images: [{ id: 7, file_name: name, width: 100, height: 50 }] });
    const path = await folder("coco-parts", {
      "annotations/instances_train2017.json": one("1.pgm"),
      "annotations/instances_val2017.json": one("2.pgm"),
      "train2017/1.pgm": picture,
      "val2017/2.pgm": picture,
    });
    expect((await rowsOf(path)).rows).toMatchObject([
      { image: "train2017/1.pgm", part: "train" },
      { image: "val2017/2.pgm", part: "test" },
    ]);
  });

  it.each([
    ["{", "labels.json: it is no JSON"],
    [coco({ categories: [] }), "labels.json, annotation 1: it is of the category 3"],
    [
      coco({ annotations: [{ image_id: 9, category_id: 3, bbox: [0, 0, 1, 1] }] }),
      "annotation 1: it is of the image 9",
    ],
    [coco({ annotations: [{ image_id: 7, category_id: 3, bbox: [0, 0, 1] }] }), "annotation 1: bbox"],
    [
      coco({ annotations: [{ image_id: 7, category_id: 3, bbox: [90, 0, 30, 9] }] }),
      "annotation 1: the box 90, 0, 30, 9 leaves its picture of 100 x 50",
    ],
    [coco({ images: [{ id: 7, file_name: "no.pgm", width: 100, height: 50 }] }), 'no picture "no.pgm"'],
  ])("is refused where it is wrong, naming the place: %#", async (text, said) => {
    const padded = text === "{" ? '{"images": [], "annotations": [], "categories": [' : text;
    const path = await folder("coco-bad", { "labels.json": padded, "a.pgm": picture, "b.pgm": picture });
    await expect(rowsOf(path)).rejects.toThrowError(expect.objectContaining({ code: "DATA_MALFORMED" }));
    await expect(rowsOf(path)).rejects.toThrow(said);
  });
});

describe("YOLO", () => {
  const files = {
    "data.yaml": "path: /elsewhere/set\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n",
    "images/train/1.pgm": picture,
    "images/train/2.pgm": picture,
    "images/val/3.pgm": picture,
    "labels/train/1.txt": "1 0.5 0.5 0.1 0.2\n\n0 0.1 0.1 0.2 0.1 0.2 0.3\r\n",
    "labels/val/3.txt": "0 0.5 0.5 1 1\n",
  };

  it("reads boxes and outlines by data.yaml; no file of labels: no objects", async () => {
    const { format, rows } = await rowsOf(await folder("yolo", files));
    expect(format).toBe("yolo");
    expect(rows).toEqual([
      {
        image: "images/train/1.pgm",
        part: "train",
        objects: [
          { label: "dog", box: [0.45, 0.4, 0.1, 0.2] },
          { label: "cat", box: [0.1, 0.1, 0.1, 0.2] },
        ],
      },
      { image: "images/train/2.pgm", part: "train", objects: [] },
      { image: "images/val/3.pgm", part: "test", objects: [{ label: "cat", box: [0, 0, 1, 1] }] },
    ]);
  });

  it.each([
    ["2 .1 .1 .1 .1", "there is no class 2"],
    ["0 .1 .1 .1", "is no object"],
    ["x .1 .1 .1 .1", "there is no class x"],
    ["0 1.1 .5 .1 .1", "leaves its picture"],
    ["0 48 40 20 12", "they look like pixels"],
  ])("names file and line of %s", async (line, said) => {
    const path = await folder("yolo-bad", { ...files, "labels/train/1.txt": `0 .5 .5 .1 .1\n${line}\n` });
    await expect(rowsOf(path)).rejects.toThrow(`labels/train/1.txt, line 2: `);
    await expect(rowsOf(path)).rejects.toThrow(said);
  });

  it("is refused where data.yaml names no pictures or no classes", async () => {
    const nowhere = await folder("yolo-nowhere", {
      ...files,
      "data.yaml": "train: photos\nnames: [cat, dog]\n",
    });
    await expect(rowsOf(nowhere)).rejects.toThrow('data.yaml: train: "photos" names no picture');
    const nameless = await folder("yolo-nameless", {
      ...files,
      "data.yaml": "train: images/train\nnames: {1: cat}\n",
    });
    await expect(rowsOf(nameless)).rejects.toThrow("there is no class 0");
    const short = await folder("yolo-short", { ...files, "data.yaml": "nc: 3\nnames: [cat, dog]\n" });
    await expect(rowsOf(short)).rejects.toThrow("data.yaml: nc says 3 classes, but names has 2");
  });
});

describe("Pascal VOC", () => {
  const xml = (content: string, size = "<size><width>100</width><height>50</height></size>") =>
    `<annotation>\n<filename>1.pgm</filename>\n${size}\n${content}\n</annotation>`;
  const object = (sides: string, name = "<name>cat &amp; co</name>") =>
    `<object>${name}<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>\n<bndbox>${sides}</bndbox></object>`;
  const sides = "<xmin>11</xmin><ymin>21</ymin><xmax>40</xmax><ymax>25</ymax>";

  it("reads objects, without their parts", async () => {
    const path = await folder("voc", {
      "Annotations/1.xml": xml(object(sides)),
      "JPEGImages/1.pgm": picture,
    });
    expect(await rowsOf(path)).toMatchObject({
      format: "voc",
      rows: [{ image: "JPEGImages/1.pgm", objects: [{ label: "cat & co", box: [0.1, 0.4, 0.3, 0.1] }] }],
    });
  });

  it.each([
    [xml(object(sides), ""), "does not say how wide"],
    [xml(object(sides)).slice(0, -20), "it ends before </annotation>"],
    [xml(object(sides.replace("11", "60"))), 'the box of "cat & co" ends before it begins: 60, 21, 40, 25'],
    [
      xml(`${object(sides)}\n${object(sides, "")}`),
      "Annotations/1.xml, line 6: the <object> has no name or no box",
    ],
    [xml(object(sides.replace("40", "400"))), "line 4: the box"],
  ])("names file and line: %#", async (text, said) => {
    const path = await folder("voc-bad", { "Annotations/1.xml": text, "JPEGImages/1.pgm": picture });
    await expect(rowsOf(path)).rejects.toThrow(said);
  });
});

describe("annotations that cannot be used", () => {
  const COUNT = 60;
  const numbers = Array.from({ length: COUNT }, (_, k) => k);
  const pictures = Object.fromEntries(numbers.map((k) => [`images/${k}.pgm`, picture]));
  /** Sets of as many pictures with one object each; those that are wrong have a box far outside. */
  const sets: Readonly<Record<string, (wrong: readonly number[]) => Record<string, string | Uint8Array>>> = {
    coco: (wrong) => ({
      ...pictures,
      "labels.json": JSON.stringify({
        images: numbers.map((k) => ({ id: k, file_name: `${k}.pgm`, width: 100, height: 50 })),
        categories: [{ id: 0, name: "cat" }],
        annotations: numbers.map((k) => ({
          image_id: k,
          category_id: 0,
          bbox: wrong.includes(k) ? [500, 5, 10, 10] : [5, 5, 10, 10],
        })),
      }),
    }),
    yolo: (wrong) => ({
      ...pictures,
      "data.yaml": "train: images\nnames: [cat]\n",
      ...Object.fromEntries(
        numbers.map((k) => [`labels/${k}.txt`, wrong.includes(k) ? "0 5 .5 .1 .1\n" : "0 .5 .5 .1 .1\n"]),
      ),
    }),
    voc: (wrong) => ({
      ...Object.fromEntries(numbers.map((k) => [`JPEGImages/${k}.pgm`, picture])),
      ...Object.fromEntries(
        numbers.map((k) => [
          `Annotations/${k}.xml`,
          `<annotation><filename>${k}.pgm</filename><size><width>100</width><height>50</height></size>
<object><name>cat</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>${wrong.includes(k) ? 900 : 20}</xmax><ymax>20</ymax></bndbox></object></annotation>`,
        ]),
      ),
    }),
  };

  it.each(Object.keys(sets))(
    "of %s are left out with their pictures where they are few, and told",
    async (format) => {
      const { rows, notes } = await rowsOf(await folder(`few-${format}`, sets[format]!([7, 30])));
      expect(rows).toHaveLength(COUNT - 2);
      expect(rows).not.toContainEqual(expect.objectContaining({ image: "images/7.pgm" }));
      expect(notes).toMatchObject([{ id: "annotations-wrong" }]);
      expect(notes[0]!.message).toMatch(
        /^2 of 60 annotations cannot be used, and the 2 pictures they are of are left out: .*leaves its picture.*; .*leaves its picture/,
      );
    },
  );

  it.each(Object.keys(sets))("of %s are all told at once where they are many", async (format) => {
    const path = await folder(`many-${format}`, sets[format]!(numbers.slice(0, 15)));
    const failure = await rowsOf(path).catch((cause: Error) => cause);
    expect(failure).toMatchObject({ code: "DATA_MALFORMED", details: { faults: 15, annotations: 60 } });
    const [said, ...told] = (failure as Error).message.split("\n");
    expect(said).toBe("15 of 60 annotations cannot be used:");
    expect(told).toHaveLength(11);
    expect(told.slice(0, 10).every((line) => line.includes("leaves its picture"))).toBe(true);
    expect(told[10]).toBe("  and 5 more");
  });

  it("lose a file of VOC that ends too early, and no other", async () => {
    const files = sets.voc!([]);
    const torn = (files["Annotations/3.xml"] as string).slice(0, -20);
    const { rows, notes } = await rowsOf(await folder("torn-voc", { ...files, "Annotations/3.xml": torn }));
    expect(rows).toHaveLength(COUNT - 1);
    expect(notes[0]!.message).toContain(
      "the picture it is of is left out: Annotations/3.xml: it ends before </annotation>",
    );
  });

  it("are refused where two entries of COCO have one id", async () => {
    const images = [7, 7].map((id, k) => ({ id, file_name: `${k}.pgm`, width: 100, height: 50 }));
    const path = await folder("twice-coco", { ...pictures, "labels.json": coco({ images }) });
    await expect(rowsOf(path)).rejects.toThrow("labels.json: two entries have the image id 7");
  });
});

describe("pictures beside masks", () => {
  it("are a row for each pair, with parts", async () => {
    const path = await folder("masks", {
      "images/train/1.pgm": picture,
      "images/val/2.pgm": picture,
      "images/val/3.pgm": picture,
      "masks/train/1.pgm": picture,
      "masks/val/2_mask.pgm": picture,
    });
    expect(await rowsOf(path)).toMatchObject({
      format: "masks",
      rows: [
        { image: "images/train/1.pgm", mask: "masks/train/1.pgm", part: "train" },
        { image: "images/val/2.pgm", mask: "masks/val/2_mask.pgm", part: "test" },
      ],
    });
  });

  it("are refused where no names agree", async () => {
    const path = await folder("masks-bad", { "images/1.pgm": picture, "masks/2.pgm": picture });
    await expect(rowsOf(path)).rejects.toThrow("no picture in images/ has the name of a mask");
  });
});
