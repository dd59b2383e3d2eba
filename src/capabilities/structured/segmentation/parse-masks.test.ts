import { describe, expect, it } from "vitest";
import { decodeNetpbm, encodeNetpbm } from "../../../foundation/base/pictures/netpbm.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import type { ParseContext } from "../definition.js";
import { parseMasks } from "./parse-masks.js";

const SIZE = { height: 1, width: 4 };
const inputs = createFrame([
  ["image", { kind: "image", values: new Uint8Array(2 * 4 * 3), ...SIZE, channels: 3 }],
]);

const grey = (...data: number[]) => encodeNetpbm({ ...SIZE, channels: 1, data: Uint8Array.from(data) });
const coloured = (...pixels: readonly [number, number, number][]) =>
  encodeNetpbm({ ...SIZE, channels: 3, data: Uint8Array.from(pixels.flat()) });

function parse(files: Readonly<Record<string, Uint8Array | string>>, labels?: readonly string[]) {
  const context: ParseContext = {
    inputs,
    ...(labels ? { labels } : {}),
    readFile(name) {
      const file = files[name];
      if (file === undefined) throw new Error("no such file");
      return typeof file === "string" ? new TextEncoder().encode(file) : file;
    },
    decodeImage: async (bytes) => decodeNetpbm(bytes),
  };
  return parseMasks(["1", files["2"] === undefined ? "" : "2"], context);
}

describe("parseMasks", () => {
  it("takes grey levels as classes, 255 as not counted, an empty cell as unknown", async () => {
    const { target, rows } = await parse({ "1": grey(0, 1, 2, 255), "classes.txt": "ground\ncat\ndog\n" });
    expect(target.labels).toEqual(["ground", "cat", "dog"]);
    expect([...target.rows[0]!]).toEqual([0, 1, 2, 255]);
    expect([...target.rows[1]!]).toEqual([255, 255, 255, 255]);
    expect([...rows]).toEqual([0]);
  });

  it("takes white beside black alone as the one class", async () => {
    const { target } = await parse({ "1": grey(0, 255, 255, 0), "2": grey(0, 0, 0, 0) });
    expect(target.labels).toEqual(["class 0", "class 1"]);
    expect([...target.rows[0]!]).toEqual([0, 1, 1, 0]);
  });

  it("takes colours by a label map, or by the palette of Pascal VOC", async () => {
    const map = "# label:color_rgb:parts:actions\nground:0,0,0::\ncat:250,0,0::\n";
    const own = await parse({
      "1": coloured([0, 0, 0], [250, 0, 0], [0, 0, 0], [0, 0, 0]),
      "labelmap.txt": map,
    });
    expect([own.target.labels, [...own.target.rows[0]!]]).toEqual([
      ["ground", "cat"],
      [0, 1, 0, 0],
    ]);
    const voc = await parse({ "1": coloured([0, 0, 0], [128, 0, 0], [0, 128, 0], [224, 224, 192]) });
    expect([...voc.target.rows[0]!]).toEqual([0, 1, 2, 255]);
  });

  it("keeps the order of classes of a model that is judged", async () => {
    const files = { "1": grey(0, 1, 2, 0), "classes.txt": "ground\ncat\ndog\n" };
    const { target } = await parse(files, ["dog", "ground"]);
    expect(target.labels).toEqual(["dog", "ground", "(other)"]);
    expect([...target.rows[0]!]).toEqual([1, 2, 0, 1]);
  });

  it("refuses what is no class and what is no mask, naming it", async () => {
    const few = parse({ "1": grey(0, 1, 7, 0), "classes.txt": "ground\ncat\n" });
    await expect(few).rejects.toThrow("classes.txt names 2 classes; a mask holds the class 7");
    const odd = parse({
      "1": coloured([0, 0, 0], [1, 2, 3], [0, 0, 0], [0, 0, 0]),
      "labelmap.txt": "a:0,0,0\nb:9,9,9",
    });
    await expect(odd).rejects.toThrow("Row 1: the mask 1 holds the colour 1,2,3");
    const broken = parse({ "1": Uint8Array.of(1, 2, 3) });
    await expect(broken).rejects.toMatchObject({ code: "DATA_MALFORMED", details: { row: 0, file: "1" } });
    await expect(parse({ "1": grey(0, 0, 0, 0) })).rejects.toMatchObject({ code: "TARGET_UNUSABLE" });
  });
});
