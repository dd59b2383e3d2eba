/** Kills a training at a moment and shows that the store survived: what the fast and the long suite share. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { TrainResult } from "../../src/foundation/contracts/run.js";
import type { StoreCheck } from "../../src/foundation/contracts/store.js";
import { quern } from "../e2e/quern.js";
import { startTraining, trainingProcess } from "./interrupt.js";

export interface Killing {
  readonly folder: string;
  readonly args: readonly string[];
  readonly store: string;
  readonly victim: "parent" | "child";
  readonly afterMs: number;
}

/** Kills, checks what is left, trains again; returns the second training's result. */
export async function killAndRecover({
  folder,
  args,
  store,
  victim,
  afterMs,
}: Killing): Promise<TrainResult> {
  const training = startTraining([...args, "--store", store, "--json"], folder);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const { pid } = training.child;
  const target = victim === "parent" ? pid : pid && trainingOf(pid);
  if (target !== undefined) killHard(target);
  const { code } = await training.ended;
  // A training process that dies is a failure of the command; nothing may hang.
  if (victim === "child" && code !== 0) expect([1, 2]).toContain(code);

  if (existsSync(join(folder, store))) await checkLeftovers(folder, store);
  const again = await quern(["train", ...args, "--store", store, "--json"], { cwd: folder });
  expect(again.code, again.stderr).toBe(0);
  const { ok, checks } = (
    await quern(["doctor", "--repair", "--store", store, "--json"], { cwd: folder })
  ).json();
  expect(checks.filter((check: StoreCheck) => !check.ok && !check.repaired)).toEqual([]);
  expect(ok).toBe(true);
  return again.json();
}

/** Whatever was left is mended without loss, every registered model is whole, and no run pretends to work. */
async function checkLeftovers(folder: string, store: string): Promise<void> {
  const doctor = await quern(["doctor", "--store", store, "--json"], { cwd: folder });
  for (const check of doctor.json().checks as StoreCheck[])
    if (!check.ok) expect(check.repair, `${check.id}: ${check.message}`).toBeDefined();
  const listed = (await quern(["models", "--store", store, "--json"], { cwd: folder })).json();
  // Killed while the store was made: nothing was acknowledged, and the next training makes it.
  if (listed.error?.code === "STORE_NOT_FOUND") return;
  const { models } = listed;
  for (const { name, version } of models) {
    const out = join(store, "..", `export-${store}`);
    const exported = await quern(["export", `${name}@${version}`, "--out", out, "--store", store, "--json"], {
      cwd: folder,
    });
    expect(exported.code, exported.stderr).toBe(0);
    expect(readdirSync(join(folder, out))).toContain("manifest.json");
  }
}

function trainingOf(pid: number): number | undefined {
  try {
    return trainingProcess(pid);
  } catch {
    return undefined;
  }
}

/** The process may have ended by itself in the meantime. */
function killHard(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ESRCH") throw failure;
  }
}
