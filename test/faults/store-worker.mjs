// A process that writes to a store and says on standard output what the store has acknowledged, one line each.
// Usage: store-worker.mjs FOLDER work NAME | store-worker.mjs FOLDER count NAME WRITES | store-worker.mjs FOLDER claim RUN
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const dist = new URL("../../dist/", import.meta.url);
const { openStore } = await import(new URL("capabilities/stores/index.js", dist));
const { systemClock } = await import(new URL("foundation/base/clock.js", dist));

const [folder, mode, name, writes] = process.argv.slice(2);
const store = await openStore(folder, { clock: systemClock, create: true });
const acknowledge = (kind, id) => writeSync(1, `${kind} ${id}\n`);

if (mode === "count") {
  for (let i = 0; i < Number(writes); i++) {
    await store.lineage.add([
      { from: { kind: "writer", id: name }, relation: "wrote", to: { kind: "row", id: `${name}-${i}` } },
    ]);
  }
  await store.close();
} else if (mode === "claim") {
  for (;;) {
    const [lease] = await store.runs.claimTrials(name, 1);
    if (!lease) break;
    const { number } = lease.trial;
    await lease.report(0, number);
    await lease.finish({ state: "done", value: number, seconds: 1, document: { by: process.pid } });
    acknowledge("finished", number);
  }
  await store.close();
} else {
  const bundle = join(folder, "..", `bundle-${name}`);
  mkdirSync(bundle, { recursive: true });
  const lease = await store.runs.start({ kind: "train", name, config: { name }, seed: 0 });
  acknowledge("run", lease.id);
  for (let i = 0; ; i++) {
    const blob = await store.blobs.put(randomBytes(200 + (i % 7) * 40_000));
    acknowledge("blob", blob);
    const key = randomBytes(32).toString("hex");
    await store.steps.record({ key, step: "work", output: blob, references: [], seconds: 1 });
    acknowledge("step", key);
    await lease.addTrials([
      { number: i, trainer: "gbdt", state: "done", value: i, seconds: 1, document: { i } },
    ]);
    acknowledge("trial", `${lease.id}:${i}`);
    writeFileSync(join(bundle, "model.onnx"), randomBytes(50_000));
    const version = await store.models.reserveVersion("model");
    await store.models.register({ name: "model", version, task: "binary", document: {}, folder: bundle });
    acknowledge("model", `model@${version}`);
  }
}
