// node bench/automl/choices.mjs STORE [REPEATS] [METRIC]: how the members of an ensemble are best chosen among the trials of the
// store's last training. Members and weights are chosen on one half of its held-out rows and judged on the other half.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { selectGreedily } from "../../dist/capabilities/ensembles/greedy.js";
import { averagePredictions, takePredictions } from "../../dist/capabilities/ensembles/predictions.js";
import { metricValue } from "../../dist/capabilities/ensembles/problem.js";
import { METRIC_LIST } from "../../dist/catalogue.js";
import { systemClock } from "../../dist/foundation/base/clock.js";
import { unpack } from "../../dist/foundation/base/packing.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { takeTarget } from "../../dist/foundation/contracts/target.js";
import { strongest } from "../../dist/workflows/learn/combine.js";
import { meanOfSelections } from "../../dist/workflows/learn/weigh.js";
import { openFolder } from "../../dist/workflows/locate-store.js";

const [folder, repeats = "12", asked] = process.argv.slice(2);

const store = await openFolder(folder, { clock: systemClock });
const [run] = (await store.runs.list({ limit: 1 })).items;
const packs = readdirSync(join(folder, "blobs"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => packed(join(entry.parentPath, entry.name)));
const material = packs.find((content) => content?.folds && content?.target);
const rows = Int32Array.from(material.folds.flatMap(({ heldOut }) => [...heldOut]));
const usual = { binary: "auc", multiclass: "log-loss", regression: "rmse" }[material.target.task];
const metric = METRIC_LIST.find(({ id }) => id === (asked ?? usual));
const finished = [];
for (const { number, trainer, state, value, document } of await store.runs.trials(run.id)) {
  if (state !== "done" || document.origin === "stack") continue;
  const fits = await Promise.all(document.outputs.map(async (hash) => unpack(await store.blobs.get(hash))));
  const values = Float64Array.from(fits.flatMap(({ heldOut }) => [...heldOut.values]));
  const candidate = { number, trainer: { id: trainer }, origin: document.origin };
  finished.push({ state, candidate, value, foldValues: [], heldOut: { ...fits[0].heldOut, values } });
}
await store.close();
const target = takeTarget(material.target, rows);

function packed(path) {
  try {
    return unpack(readFileSync(path));
  } catch {
    return undefined;
  }
}

/** What a choice among some trials by half of the rows is worth on the other half. */
function judge(choose, some, chosenOn, judgedOn) {
  const seen = some.map((trial) => {
    const heldOut = takePredictions(trial.heldOut, chosenOn);
    return {
      ...trial,
      heldOut,
      value: metricValue({ target: takeTarget(target, chosenOn), metric }, heldOut),
    };
  });
  const candidates = strongest(seen, metric);
  const problem = {
    candidates: candidates.map(({ heldOut }) => ({ predictions: heldOut })),
    target: takeTarget(target, chosenOn),
    metric,
  };
  const all = candidates.map(({ candidate }) =>
    takePredictions(some.find((trial) => trial.candidate === candidate).heldOut, judgedOn),
  );
  const together = averagePredictions(all, choose(problem));
  return metricValue({ target: takeTarget(target, judgedOn), metric }, together);
}

const once = (problem) => selectGreedily(problem).weights;
const WAYS = {
  once,
  "10 of 80 %": meanOfSelections(10, 0.8),
  "20 of 30 %": meanOfSelections(20, 0.3),
};
const POOLS = { all: finished, list: finished.filter(({ candidate }) => candidate.origin !== "search") };

console.log(`${run.name ?? run.id}: ${finished.length} trials, ${rows.length} rows, ${metric.id}`);
for (const [pool, some] of Object.entries(POOLS)) {
  const values = Object.fromEntries(Object.keys(WAYS).map((way) => [way, []]));
  for (let repeat = 0; repeat < Number(repeats); repeat++) {
    const order = createRandom(`choices/${repeat}`).permutation(rows.length);
    const half = rows.length >> 1;
    const [chosenOn, judgedOn] = [order.slice(0, half), order.slice(half)];
    for (const [way, choose] of Object.entries(WAYS))
      values[way].push(judge(choose, some, chosenOn, judgedOn));
  }
  for (const [way, all] of Object.entries(values)) {
    const mean = all.reduce((a, b) => a + b, 0) / all.length;
    const gains = all.map((value, k) => value - values.once[k]);
    const gain = gains.reduce((a, b) => a + b, 0) / gains.length;
    const error = Math.sqrt(gains.reduce((a, b) => a + (b - gain) ** 2, 0)) / gains.length;
    console.log(
      `  ${pool}, ${way}: ${mean.toFixed(4)} (against once ${gain.toFixed(4)} ± ${error.toFixed(4)})`,
    );
  }
}
