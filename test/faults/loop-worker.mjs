// Does what a service in use does to its store until it is killed, and says what was acknowledged, one line each.
// Usage: loop-worker.mjs FOLDER work RUN | loop-worker.mjs FOLDER train RUN
import { writeSync } from "node:fs";
import { join } from "node:path";

const dist = new URL("../../dist/", import.meta.url);
const load = (path) => import(new URL(path, dist));
const { openStore } = await load("capabilities/stores/index.js");
const { systemClock: clock } = await load("foundation/base/clock.js");

const [folder, mode, run] = process.argv.slice(2);
const location = join(folder, ".quern");
const acknowledge = (kind, ...words) => writeSync(1, `${[kind, ...words].join("\t")}\n`);

if (mode === "train") {
  const { train } = await load("workflows/train/train.js");
  for (let seed = 0; ; seed++) {
    acknowledge("begins", String(seed));
    const project = {
      ...{ name: "trained", seed: Number(run) * 1000 + seed, models: ["gaussian-naive-bayes"] },
      task: { target: "churned" },
      data: { source: "train.csv" },
      ensemble: { kind: "none" },
    };
    const { version, run: id } = await train({ project }, { folder, store: location, threads: 1 });
    acknowledge("trained", `trained@${version}`, id);
  }
}

const { openPredictionLog } = await load("workflows/watch/prediction-log.js");
const { predictionLogSchema } = await load("foundation/contracts/prediction-log.js");
const { promoteIn } = await load("workflows/serve/promote.js");
const store = await openStore(location, { clock, create: false });
const { manifest } = JSON.parse(process.env.QUERN_TEST_MANIFEST);
const log = openPredictionLog(predictionLogSchema.parse({ segmentRows: 20 }), { folder, store: location });
const [no, yes] = manifest.outputs.classes;
for (let step = 0; ; step++) {
  const ids = [0, 1, 2].map((row) => `${run}/${step}/${row}`);
  const predictions = ids.map(() => ({ label: yes, probabilities: { [no]: 0.25, [yes]: 0.75 } }));
  log.record({ manifest, ids, rows: ids.map(() => ({})), predictions });
  await log.flush();
  for (const id of ids) acknowledge("logged", id);
  const waiting = { id: ids[0], version: 1, reason: "random", score: 1 - 1 / (step + 2), content: ids[0] };
  await store.labels.offer(
    "churn",
    [{ ...waiting, document: { inputs: {}, prediction: yes }, predictedAt: clock.now() }],
    { random: 1_000_000, uncertain: 0, novel: 0 },
  );
  acknowledge("queued", ids[0]);
  await store.labels.addLabels("churn", [{ id: ids[0], actual: no, observedAt: clock.now() }]);
  acknowledge("labelled", ids[0]);
  await store.monitoring.addFeedback("churn", [{ id: ids[1], actual: yes, observedAt: clock.now() }]);
  acknowledge("fed back", ids[1]);
  const reason = `${run} ${step}`;
  await promoteIn(store, { model: `churn@${1 + (step % 2)}`, reason });
  acknowledge("promoted", reason);
}
