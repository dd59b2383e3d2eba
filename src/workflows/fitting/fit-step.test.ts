import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { withCheckpoints } from "./fit-step.js";

const store = mkdtempSync(join(tmpdir(), "fit-step-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));
const work = { store, seed: 0, extensions: [], folder: "." };
const identity = (seed: number) => ({ id: "fit/network", version: 1, config: {}, inputs: {}, seed });

test("checkpoints of a fit that was cut off stay for the same fit, and go when it has ended", async () => {
  const folders: string[] = [];
  const begin = async ({ folder }: { folder: string }) => {
    folders.push(folder);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "checkpoint"), "");
  };
  const cutOff = withCheckpoints(work, identity(1), async (checkpoints) => {
    await begin(checkpoints);
    throw new Error("killed");
  });
  await expect(cutOff).rejects.toThrow("killed");
  expect(existsSync(folders[0]!)).toBe(true);
  await withCheckpoints(work, identity(2), begin);
  expect(folders[1]).not.toBe(folders[0]);
  expect(existsSync(folders[1]!)).toBe(false);
  expect(existsSync(folders[0]!)).toBe(true);
  await withCheckpoints(work, identity(1), begin);
  expect(folders[2]).toBe(folders[0]);
  expect(existsSync(folders[0]!)).toBe(false);
});
