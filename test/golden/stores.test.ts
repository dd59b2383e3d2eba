/** Requirement: a store that an earlier release wrote opens in this one, with all it held. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openStore, runCached } from "../../src/capabilities/stores/index.js";
import { systemClock as clock } from "../../src/foundation/base/clock.js";

const STORES = fileURLToPath(new URL("stores/", import.meta.url));

it.each(["0.1.0"])("the store of %s opens, is sound and goes on", async (version) => {
  const root = mkdtempSync(join(tmpdir(), "quern-golden-"));
  const folder = join(root, ".quern");
  cpSync(join(STORES, version), folder, { recursive: true });
  const store = await openStore(folder, { clock, create: false });
  try {
    expect((await store.doctor()).filter(({ ok }) => !ok)).toEqual([]);
    const [run] = (await store.runs.list()).items;
    expect(run).toMatchObject({ name: "tiny", state: "done", value: 0.81, seed: 7 });
    expect(await store.runs.trials(run!.id)).toEqual([
      {
        ...{ number: 0, trainer: "gbdt", state: "done", value: 0.81, seconds: 1.5 },
        document: { config: { depth: 6 }, chosen: true },
      },
      {
        ...{ number: 1, trainer: "kernel-svm", state: "failed", value: null, seconds: 0.1 },
        document: { config: {}, error: "too wide" },
      },
    ]);
    expect(await store.models.get("tiny@champion")).toMatchObject({ version: 1, run: run!.id });
    const identity = { id: "bin", version: 1, config: { bins: 3 }, inputs: {}, seed: 0 };
    const step = await runCached(store, identity, () => Promise.reject(new Error("not cached")), { clock });
    expect(step).toMatchObject({ hit: true, value: { edges: Float64Array.of(1, 2.5) } });
    const study = await store.runs.start({ kind: "train", name: "next", config: {}, seed: 0 });
    const trial = { number: 0, trainer: "gbdt", value: null, seconds: 0, document: {} };
    await study.addTrials([{ ...trial, state: "waiting" }]);
    expect(await store.runs.claimTrials(study.id, 5)).toHaveLength(1);
  } finally {
    await store.close();
    rmSync(root, { recursive: true, force: true });
  }
});
