import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TRAINERS } from "../../catalogue.js";
import { systemClock } from "../../foundation/base/clock.js";
import { silentLogger } from "../../foundation/base/logger.js";
import { pack } from "../../foundation/base/packing.js";
import type { FitContext } from "./fit-messages.js";
import { computeFit, MaterialCache, withCheckpoints } from "./fit-step.js";

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

test("what a fit has learned is kept until it is stored", async () => {
  const own = mkdtempSync(join(store, "own-"));
  let isFull = true;
  const blobs = {
    get: async () => pack({}),
    put: async () => {
      if (isFull) throw new Error("the disk is full");
      return "0".repeat(64);
    },
    putFile: () => Promise.reject(new Error("nobody asks")),
    localFile: () => Promise.reject(new Error("nobody asks")),
    verify: async () => "ok" as const,
  };
  let folder = "";
  const executor = {
    version: 1,
    fit: async (_task: unknown, _material: unknown, context: FitContext) => {
      folder = context.checkpoints!.folder;
      mkdirSync(folder, { recursive: true });
      return { state: null, heldOut: null, diagnostics: {} };
    },
  };
  const workshop = {
    ...{ executor, trainers: TRAINERS, transforms: new Map(), blobs, materials: new MaterialCache(blobs) },
    work: { store: own, seed: 0, extensions: {}, folder: "." },
  };
  const computed = () =>
    computeFit({ trainer: "gbdt", config: {}, material: "0".repeat(64), fold: 0 }, workshop, {
      ...{ signal: new AbortController().signal, clock: systemClock, logger: silentLogger, threads: 1 },
      report: () => undefined,
    });
  await expect(computed()).rejects.toThrow("the disk is full");
  expect(existsSync(folder)).toBe(true);
  isFull = false;
  await computed();
  expect(existsSync(folder)).toBe(false);
});
