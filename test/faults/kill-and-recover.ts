/** Kills a training at a moment and shows that the store survived: what the fast and the long suite share. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { TrainResult } from "../../src/foundation/contracts/run.js";
import { quern } from "../e2e/quern.js";
import { startTraining, trainingProcess } from "./interrupt.js";

/** As built: the sources behind it are transformed one by one, which takes longer than what is asked of them. */
const { examine, exportModel, listModels, QuernError }: typeof import("../../src/index.js") = await import(
  new URL("../../dist/index.js", import.meta.url).href
);

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
  const { ok, checks } = await examine({ repair: true }, optionsFor(folder, store));
  expect(checks.filter((check) => !check.ok && !check.repaired)).toEqual([]);
  expect(ok).toBe(true);
  return again.json();
}

const optionsFor = (folder: string, store: string) => ({ folder, store: join(folder, store) });

/**
 * Whatever was left is mended without loss, every registered model is whole, and no run pretends to work. Asked in
 * this process: starting one for each question took as long as the training.
 */
async function checkLeftovers(folder: string, store: string): Promise<void> {
  const options = optionsFor(folder, store);
  for (const check of (await examine({}, options)).checks)
    if (!check.ok) expect(check.repair, `${check.id}: ${check.message}`).toBeDefined();
  for (const { name, version } of await modelsIn(options)) {
    const out = join(folder, `export-${store}`);
    await exportModel({ model: `${name}@${version}`, out }, options);
    expect(readdirSync(out)).toContain("manifest.json");
  }
}

/** None where the store was being made: nothing was acknowledged, and the next training makes it. */
async function modelsIn(
  options: ReturnType<typeof optionsFor>,
): Promise<readonly { readonly name: string; readonly version: number }[]> {
  try {
    return await listModels({ limit: 50 }, options);
  } catch (failure) {
    if (QuernError.is(failure) && failure.code === "STORE_NOT_FOUND") return [];
    throw failure;
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
