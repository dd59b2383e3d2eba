import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { trainTokenizer } from "../../capabilities/features/host/subwords/train-tokenizer.js";
import { buildEmbedder } from "./build-embedder.js";

const disk = vi.hoisted(() => ({ isFull: true }));
vi.mock("../../capabilities/bundles/index.js", async (original) => {
  const bundles = await original<typeof import("../../capabilities/bundles/index.js")>();
  const writeBundle: typeof bundles.writeBundle = async (...args) => {
    if (disk.isFull) throw new Error("the disk is full");
    return bundles.writeBundle(...args);
  };
  return { ...bundles, writeBundle };
});

const folder = mkdtempSync(join(tmpdir(), "build-embedder-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("what an encoder has learned from pairs is kept until its model is registered", async () => {
  const texts = Array.from({ length: 24 }, (_, k) => `a tin ${"of tea ".repeat(k % 5)}at ${k}`);
  mkdirSync(join(folder, "encoder"));
  for (const name of ["config.json", "model.safetensors"])
    copyFileSync(join("test/oracles/encoders/bert", name), join(folder, "encoder", name));
  const options = { model: "wordpiece", vocabulary: 40, minimumCount: 1, lowerCase: true } as const;
  writeFileSync(join(folder, "encoder", "tokenizer.json"), trainTokenizer(texts, options));
  const pairs = texts.map((text, k) => `${text},${texts[(k + 5) % texts.length]}`);
  writeFileSync(join(folder, "pairs.csv"), ["first,second", ...pairs].join("\n"));
  // Hours pass between two looks at this clock, so that every look is a checkpoint.
  let hours = 0;
  const clock = { now: () => 0, elapsed: () => 3_600_000 * hours++ };
  const built = () =>
    buildEmbedder(
      {
        ...{ source: join(folder, "encoder"), name: "tuned", length: 14 },
        pairs: { source: join(folder, "pairs.csv"), settings: { epochs: 2, minimumSteps: 8, batchSize: 8 } },
      },
      { folder, store: join(folder, ".quern"), clock },
    );
  const checkpoints = join(folder, ".quern", "checkpoints");
  await expect(built()).rejects.toThrow("the disk is full");
  const [kept] = readdirSync(checkpoints);
  expect(readdirSync(join(checkpoints, kept!)).length).toBeGreaterThan(0);
  disk.isFull = false;
  expect((await built()).model).toBe("tuned");
  expect(existsSync(join(checkpoints, kept!))).toBe(false);
});
