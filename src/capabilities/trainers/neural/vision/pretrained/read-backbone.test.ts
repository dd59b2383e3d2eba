import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { networkAnswers } from "../../inference.js";
import { layNetwork } from "../../pretrained/imported-network.js";
import { formedPictures, type PictureForm, readPictureForm } from "./picture-form.js";
import { preferredSide, readBackbone } from "./read-backbone.js";

interface Recorded {
  picture: number[];
  width: number;
  features: number[];
}
const FOLDER = "test/oracles/backbones";
const { side, cases } = JSON.parse(readFileSync(`${FOLDER}/expected.json`, "utf8")) as {
  side: number;
  cases: Record<string, Recorded>;
};
const files = Object.keys(cases).flatMap((name) =>
  ["onnx", "safetensors"].map((kind) => `${name}.${kind}`).filter((file) => existsSync(`${FOLDER}/${file}`)),
);

describe("pretrained image networks", () => {
  it.each(files)("compute what the reference computes: %s", (file) => {
    const { picture, width, features } = cases[file.split(".")[0]!]!;
    const { architecture, tensors } = readBackbone(`${FOLDER}/${file}`, { height: side, width: side });
    expect(architecture.width).toBe(width);
    const answers = networkAnswers(
      (scope, { picture: value }) =>
        layNetwork(scope, architecture.network, { [architecture.input]: value! }),
      tensors,
    );
    const data = Float32Array.from(picture);
    const made = answers({ picture: { type: "float32", shape: [2, 3, side, side], data } });
    for (const [k, value] of features.entries()) expect(Math.abs(made[k]! - value)).toBeLessThan(1e-4);
  });

  it("leaves the classifier out, tells layers from below, and statistics of norms from what learns", () => {
    const { network } = readBackbone(`${FOLDER}/resnet.safetensors`, {
      height: side,
      width: side,
    }).architecture;
    const byName = new Map(network.parameters.map((parameter) => [parameter.name, parameter]));
    expect(byName.has("fc.weight")).toBe(false);
    expect(byName.get("conv1.weight")).toMatchObject({ layer: 0, learns: true });
    expect(byName.get("bn1.running_mean")).toMatchObject({ layer: 0, learns: false });
    const order = ["conv1", "layer1.0.conv2", "layer2.1.conv1", "layer4.0.conv2"];
    const layers = order.map((name) => byName.get(`${name}.weight`)!.layer);
    expect(layers).toEqual([...layers].sort((a, b) => a - b));
  });

  it("cuts at a value that is named", () => {
    const whole = readBackbone(`${FOLDER}/resnet.onnx`, { height: side, width: side, features: "logits" });
    expect(whole.architecture.width).toBe(5);
    expect(() =>
      readBackbone(`${FOLDER}/resnet.onnx`, { height: side, width: side, features: "nothing" }),
    ).toThrow(/no node makes the value "nothing"/);
  });

  it("reads how pictures are wanted", () => {
    const folder = mkdtempSync(join(tmpdir(), "form-"));
    writeFileSync(join(folder, "model.onnx"), readFileSync(`${FOLDER}/resnet.onnx`));
    expect(preferredSide(folder)).toBe(side);
    const said = {
      size: { shortest_edge: 40 },
      crop_size: { height: 36, width: 36 },
      image_mean: [0.5, 0.5, 0.5],
    };
    writeFileSync(join(folder, "preprocessor_config.json"), JSON.stringify(said));
    expect(readPictureForm(folder)).toMatchObject({ side: 36, normalization: { mean: [0.5, 0.5, 0.5] } });
    writeFileSync(join(folder, "preprocessor_config.json"), "{");
    expect(() => readPictureForm(folder)).toThrow(/preprocessor_config.json .* is not JSON/);
  });

  it("brings grey pictures of another size into the form", () => {
    const form: PictureForm = {
      ...{ height: 4, width: 4, layout: "channels-last" },
      ...{ mean: [0, 0.5, 0], deviation: [1, 0.5, 1] },
    };
    const answers = networkAnswers((scope, { pictures }) => formedPictures(scope, pictures!, form), {});
    const made = answers({
      pictures: { type: "uint8", shape: [1, 2, 2, 1], data: Uint8Array.of(0, 255, 0, 255) },
    });
    expect(made.length).toBe(4 * 4 * 3);
    expect([...made.slice(0, 3)]).toEqual([0, -1, 0]);
    expect([...made.slice(9, 12)]).toEqual([1, 1, 1]);
  });

  it("says why a model is none", () => {
    const size = { height: side, width: side };
    expect(() => readBackbone("test/oracles/tokenizers", size)).toThrow(/no pretrained model/);
    expect(() => readBackbone("test/oracles/encoders/bert", size)).toThrow(/is no image network/);
    const weights = "test/oracles/encoders/bert/model.safetensors";
    expect(() => readBackbone(weights, size)).toThrow(/no known image network/);
  });
});
