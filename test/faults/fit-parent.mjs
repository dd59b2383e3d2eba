// A small study whose fits run in a pool. Usage: fit-parent.mjs FOLDER SLOTS; 0 slots: in this process alone.
// Says the number of each finished trial, then the hashes of all.
import { writeSync } from "node:fs";

const dist = new URL("../../dist/", import.meta.url);
const load = (path) => import(new URL(path, dist));
const { openStore } = await load("capabilities/stores/index.js");
const { TRAINERS: trainers } = await load("catalogue.js");
const { systemClock: clock } = await load("foundation/base/clock.js");
const { silentLogger: logger } = await load("foundation/base/logger.js");
const { pack } = await load("foundation/base/packing.js");
const { createRandom } = await load("foundation/base/random.js");
const { createInlinePool, createProcessPool } = await load("workflows/fitting/fit-pool.js");
const { executor } = await import("./fit-executor.mjs");

const [folder, slots] = process.argv.slice(2);
const store = await openStore(folder, { clock, create: true });
const random = createRandom("study");
const values = Float64Array.from({ length: 200 }, () => random.normal());
const material = await store.blobs.put(
  pack({
    columns: [["a", { kind: "number", values }]],
    target: {
      task: "binary",
      classes: ["no", "yes"],
      codes: Int32Array.from(values, (x) => Number(x > 0.3)),
    },
    folds: Int32Array.from(values, (_, i) => i % 3),
  }),
);
const work = { store: folder, seed: 1, extensions: {}, folder };
const common = { store, work, executor, trainers, clock, logger };
const script = new URL("fit-child.mjs", import.meta.url);
const pool =
  slots === "0"
    ? createInlinePool({ ...common, threads: 2 })
    : createProcessPool({ ...common, slots: Number(slots), script });

const [interrupted] = (await store.runs.list({ state: "interrupted" })).items;
const study = interrupted
  ? await store.runs.resume(interrupted.id)
  : await store.runs.start({ kind: "train", name: "study", config: {}, seed: 1 });
const trainer = "random-forest";
const trials = Array.from({ length: 24 }, (_, number) => ({
  ...{ number, trainer, state: "waiting", value: null, seconds: 0 },
  document: { trees: 2 + number },
}));
const known = new Set((await store.runs.trials(study.id)).map(({ number }) => number));
await study.addTrials(trials.filter(({ number }) => !known.has(number)));
const hashes = await Promise.all(
  trials.map(async (trial) => {
    const task = { trainer, config: trial.document, material, fold: trial.number % 3 };
    const { hash, outcome } = await pool.fit(task, new AbortController().signal);
    await study.addTrials([{ ...trial, state: "done", value: trial.number, seconds: outcome.seconds }]);
    writeSync(1, `${trial.number}\n`);
    return hash;
  }),
);
await pool.close();
await study.finish({});
await store.close();
writeSync(1, `${JSON.stringify(hashes)}\n`);
