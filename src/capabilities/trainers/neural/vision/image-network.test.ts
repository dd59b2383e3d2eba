import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../../../conformance/trainer.js";
import { parityGap } from "../../../../../conformance/trainer-testing.js";
import { pack } from "../../../../foundation/base/packing.js";
import { createRandom } from "../../../../foundation/base/random.js";
import { type Column, createFrame, type Frame } from "../../../../foundation/contracts/frame.js";
import type { Target } from "../../../../foundation/contracts/target.js";
import { imageNetwork } from "./image-trainer.js";

const SIZE = { height: 16, width: 12, channels: 3 } as const;
const small = { width: 4, batchSize: 20, minimumSteps: 40, epochs: 1, flip: "none", shift: 0 } as const;

/** Noise with a bright bar, upright or lying; how bright and red it is goes with the row's number. */
function bars(rows: number, seed: string): { upright: Int32Array; level: Float64Array; images: Column } {
  const random = createRandom(`bars ${seed}`);
  const { height, width, channels } = SIZE;
  const values = Uint8Array.from({ length: rows * height * width * channels }, () => random.integer(60));
  const upright = Int32Array.from({ length: rows }, () => random.integer(2));
  const level = Float64Array.from({ length: rows }, () => random.uniform());
  for (let row = 0; row < rows; row++) {
    const at = 2 + random.integer(7);
    for (let k = 1; k < 11; k++) {
      const [y, x] = upright[row] === 1 ? [k, at] : [at, k];
      values[((row * height + y) * width + x) * channels] = 120 + 130 * level[row]!;
      values[((row * height + y) * width + x) * channels + 1] = 160;
    }
  }
  return { upright, level, images: { kind: "image", values, ...SIZE } };
}

function mixed(rows: number, seed: string): { features: Frame; target: Target; level: Float64Array } {
  const { upright, level, images } = bars(rows, seed);
  const random = createRandom(seed);
  const numbers = Float32Array.from({ length: rows }, () => random.normal());
  const words = Int32Array.from({ length: rows * 4 }, () => random.integer(9));
  const features = createFrame([
    ["photo", images],
    ["number", { kind: "number", values: numbers }],
    ["text", { kind: "tokens", values: words, length: 4, vocabulary: 9 }],
  ]);
  return { features, level, target: { task: "binary", codes: upright, classes: ["lying", "upright"] } };
}

const trained = (train: { features: Frame; target: Target }, config: Record<string, unknown> = {}) =>
  imageNetwork.fit({ train }, imageNetwork.config.parse({ ...small, ...config }), trainingContext());

const onlyImages = ({ features }: { features: Frame }): Frame =>
  createFrame([["photo", features.columns.get("photo")!]]);

describe("image-network", () => {
  it.each(["small-cnn", "resnet", "mobilenet"])(
    "exports what it predicts, for images alone and beside others: %s",
    async (backbone) => {
      const train = mixed(60, "train");
      const fresh = mixed(37, "fresh");
      const fused = await trained(train, { backbone, minimumSteps: 6 });
      expect(await parityGap(fused, fresh.features)).toBeLessThan(1e-5);
      const values = { task: "regression", values: train.level } as const;
      const alone = await trained(
        { features: onlyImages(train), target: values },
        { backbone, minimumSteps: 6 },
      );
      expect(await parityGap(alone, onlyImages(fresh))).toBeLessThan(1e-5);
    },
  );

  it("sees directions and how bright things are", async () => {
    const train = mixed(200, "train");
    const fresh = mixed(100, "fresh");
    const classes = (await trained({ features: onlyImages(train), target: train.target })).predict(
      onlyImages(fresh),
    );
    const codes = (fresh.target as { codes: Int32Array }).codes;
    const right = codes.filter((code, row) => (classes.values[2 * row + 1]! > 0.5 ? 1 : 0) === code);
    expect(right.length).toBeGreaterThan(90);
    const target = { task: "regression", values: train.level } as const;
    const fitted = await trained({ features: onlyImages(train), target }, { minimumSteps: 120 });
    const { values } = fitted.predict(onlyImages(fresh));
    const error = values.reduce((sum, value, row) => sum + (value - fresh.level[row]!) ** 2 / 100, 0);
    expect(error).toBeLessThan(1 / 12 / 2);
  });

  it("trains with every change of pictures, the same way each time", async () => {
    const config = {
      flip: "both",
      shift: 0.1,
      rotation: 20,
      colour: 0.3,
      cutout: 0.3,
      erasing: 0.5,
      mixup: 0.4,
    };
    const train = {
      ...mixed(60, "train"),
      weights: Float64Array.from({ length: 60 }, (_, row) => 1 + (row % 3)),
    };
    const [one, two] = [
      await trained(train, { ...config, minimumSteps: 8 }),
      await trained(train, { ...config, minimumSteps: 8 }),
    ];
    expect(Buffer.compare(pack(one.state), pack(two.state))).toBe(0);
    expect(one.diagnostics.curves!.trainLoss!.every(Number.isFinite)).toBe(true);
  });

  it("answers for a missing image, and equally whatever stands beside a row", async () => {
    const fitted = await trained(mixed(40, "train"), { minimumSteps: 4 });
    const { features } = mixed(3, "fresh");
    const blank: Column = { kind: "image", values: new Uint8Array(3 * 16 * 12 * 3), ...SIZE };
    const { values } = fitted.predict(createFrame([...features.columns, ["photo", blank]]));
    expect(values.every(Number.isFinite)).toBe(true);
  });
});
