/** Requirement 8 for the log: kill -9 of writer and sealer at random points loses no prediction that was acknowledged. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readPredictions } from "../../src/capabilities/monitoring/prediction-log/read-log.js";
import { sealJournals } from "../../src/capabilities/monitoring/prediction-log/segments.js";
import { openStore } from "../../src/capabilities/stores/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { createRandom } from "../../src/foundation/base/random.js";
import { madeManifest } from "../fixtures/manifest.js";

const WORKER = fileURLToPath(new URL("log-worker.mjs", import.meta.url));
const KILLS = 30;

/** @returns the last batch that the worker said was durable, -1 for none */
function runAndKill(folder: string, name: string, afterMs: number): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [WORKER, folder, name], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (text === "") setTimeout(() => child.kill("SIGKILL"), afterMs);
      text += chunk.toString();
    });
    child.on("close", () => resolve(Number(text.split("\n").slice(0, -1).at(-1) ?? -1)));
  });
}

test("every acknowledged prediction is read once, before and after sealing", async () => {
  const root = mkdtempSync(join(tmpdir(), "quern-log-kill-"));
  const folder = join(root, "journals");
  const store = await openStore(join(root, "store"), { clock: systemClock, create: true });
  const options = { folder, blobs: store.blobs, monitoring: store.monitoring, threads: 1 };
  const manifest = madeManifest([{ name: "age", kind: "number", reason: "" }]);
  const read = () => readPredictions({ manifest, from: 0, to: Number.POSITIVE_INFINITY }, options);
  try {
    const random = createRandom("kills");
    const acknowledged: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const last = await runAndKill(folder, `run ${kill}`, 1 + random.integer(40));
      for (let batch = 0; batch <= last; batch++) {
        for (let row = 0; row < 7; row++) acknowledged.push(`run ${kill}/${batch}/${row}`);
      }
      if (kill % 10 === 5) await sealJournals(options);
    }
    expect(acknowledged.length).toBeGreaterThan(KILLS);
    const before = await read();
    await sealJournals(options);
    for (const { ids } of [before, await read()]) {
      expect(new Set(ids).size).toBe(ids.length);
      const found = new Set(ids);
      expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
    }
    expect((await store.doctor()).filter(({ ok }) => !ok)).toEqual([]);
  } finally {
    await store.close();
    rmSync(root, { recursive: true, force: true });
  }
}, 300_000);
