import { describe, expect, it } from "vitest";
import { readCoco, readVoc, readYolo } from "./annotations.js";

const coco = {
  images: [{ id: 7, file_name: "a.jpg", width: 100, height: 50 }],
  categories: [{ id: 3, name: "cat", supercategory: "animal" }],
  annotations: [
    {
      id: 1,
      image_id: 7,
      category_id: 3,
      bbox: [10, 20, 30, 5],
      area: 120,
      iscrowd: 0,
      segmentation: [[10, 20, 40, 20, 40, 25]],
    },
    {
      id: 2,
      image_id: 7,
      category_id: 3,
      bbox: [0, 0, 9, 9],
      iscrowd: 1,
      segmentation: { counts: [1], size: [50, 100] },
    },
  ],
};

describe("readCoco", () => {
  it("reads boxes, areas, crowds and outlines", () => {
    expect(readCoco(JSON.stringify(coco), "a.json")).toEqual([
      { image: "a.jpg", class: "cat", box: [10, 20, 30, 5], area: 120, polygons: [[10, 20, 40, 20, 40, 25]] },
      { image: "a.jpg", class: "cat", box: [0, 0, 9, 9], isCrowd: true },
    ]);
  });

  it("refuses what is none, naming the place", () => {
    expect(() => readCoco("{", "a.json")).toThrow("a.json: it is no JSON");
    expect(() => readCoco('{"images": []}', "a.json")).toThrow("annotations");
    expect(() => readCoco(JSON.stringify({ ...coco, categories: [] }), "a.json")).toThrow(
      "annotation 1 names",
    );
  });
});

describe("readYolo", () => {
  const image = { name: "a.jpg", width: 200, height: 100 };

  it("turns shares of the image into pixels, for boxes and outlines", () => {
    const read = readYolo("1 0.5 0.5 0.1 0.2\n\n0 0.1 0.1 0.2 0.1 0.2 0.3\r\n", image, ["cat", "dog"]);
    expect(read[0]).toMatchObject({ class: "dog", image: "a.jpg", box: [90, 40, 20, 20] });
    expect(read[1]!.class).toBe("cat");
    for (const [k, value] of [20, 10, 20, 20].entries()) expect(read[1]!.box[k]).toBeCloseTo(value, 9);
    expect(readYolo("", image, ["cat"])).toEqual([]);
  });

  it("refuses unknown classes and places outside, naming the line", () => {
    for (const line of ["2 .1 .1 .1 .1", "0 .1 .1 .1", "0 1.1 0 0 0", "x .1 .1 .1 .1"])
      expect(() => readYolo(`0 .1 .1 .1 .1\n${line}`, image, ["cat", "dog"]), line).toThrow("line 2");
  });
});

describe("readVoc", () => {
  const xml = (content: string) => `<annotation><filename>b &amp; c.jpg</filename>${content}</annotation>`;
  const object =
    "<object><name>cat</name><part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>" +
    "<bndbox><xmin>11</xmin><ymin>21</ymin><xmax>40</xmax><ymax>25</ymax></bndbox></object>";

  it("reads objects, without their parts", () => {
    expect(readVoc(xml(object + object), "b.xml")).toEqual([
      { image: "b & c.jpg", class: "cat", box: [10, 20, 30, 5] },
      { image: "b & c.jpg", class: "cat", box: [10, 20, 30, 5] },
    ]);
    expect(readVoc(xml(""), "b.xml")).toEqual([]);
  });

  it("refuses what is none", () => {
    expect(() => readVoc("<svg/>", "b.xml")).toThrow("no <annotation>");
    expect(() => readVoc(xml("<object><name>cat</name></object>"), "b.xml")).toThrow("no name or no box");
  });
});
