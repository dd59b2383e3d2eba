// node bench/automl/codes.mjs TABLE.csv TARGET [regression]: what it is worth to take numbers that are codes for
// categories as well. Each family's value over three folds; features are fitted on the fitting rows of each.
import { resolve } from "node:path";
import {
  applyPipeline,
  createTransforms,
  describeColumns,
  fitPipeline,
  planFeatures,
} from "../../dist/capabilities/features/index.js";
import { stratifiedFolds } from "../../dist/capabilities/trainers/numeric/folds.js";
import { METRIC_LIST, TRAINERS } from "../../dist/catalogue.js";
import { systemClock } from "../../dist/foundation/base/clock.js";
import { silentLogger } from "../../dist/foundation/base/logger.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { takeRows } from "../../dist/foundation/contracts/frame.js";
import { computeMetric } from "../../dist/foundation/contracts/metric.js";
import { takeTarget } from "../../dist/foundation/contracts/target.js";
import { openLocation } from "../../dist/workflows/load/open-data.js";
import { resolveProject } from "../../dist/workflows/project/project-file.js";
import { prepareData } from "../../dist/workflows/train/prepare.js";

const [path, column, type] = process.argv.slice(2);
const FOLDS = 3;
const METRICS = { binary: "auc", multiclass: "log-loss", regression: "rmse" };
const signal = new AbortController().signal;
const transforms = createTransforms();
const context = () => ({
  ...{ random: createRandom("codes"), clock: systemClock, logger: silentLogger },
  ...{ signal, threads: 1, report: () => undefined },
});

const data = await openLocation(resolve(path), {}, { folder: ".", threads: 1, signal, allowedHosts: [] });
const { features, target: resolved } = await prepareData(
  data,
  resolveProject({ task: { target: column, ...(type ? { type } : {}) } }),
);
await data.close();
const { target, rows } = resolved;
const { task } = target;
const frame = takeRows(features, rows);
const metric = METRIC_LIST.find(({ id }) => id === METRICS[task]);
const assigned = stratifiedFolds(
  task === "regression" ? new Int32Array(frame.rows) : target.codes,
  FOLDS,
  createRandom("codes"),
);
const where = (matches) => Int32Array.from(assigned.keys()).filter((row) => matches(assigned[row]));

async function foldValue(trainer, config, fold, knowsTarget) {
  const [fit, held] = [where((own) => own !== fold), where((own) => own === fold)];
  const [raw, known] = [takeRows(frame, fit), takeTarget(target, fit)];
  const facts = describeColumns(raw, knowsTarget ? known : undefined);
  const limits = { rows: raw.rows, task, classes: target.classes?.length ?? 1, segmenter: true };
  const plan = planFeatures(facts, trainer.capabilities.features, limits);
  const fitted = fitPipeline(raw, plan, { transforms, target: known, context: context() });
  const validation = {
    features: applyPipeline(fitted.fitted, takeRows(frame, held), transforms),
    target: takeTarget(target, held),
  };
  const model = await trainer.fit(
    { train: { features: fitted.features, target: known }, validation },
    trainer.config.parse(config),
    context(),
  );
  const predictions = model.predict(validation.features);
  const codes = facts.filter(({ isCode }) => isCode).map(({ name }) => name);
  return { codes, value: computeMetric(metric, { target: validation.target, predictions }) };
}

for (const [id, config] of [
  ["gbdt", {}],
  ["gbdt", { leaves: 4, learningRate: 0.08, columnShare: 0.4, rowShare: 0.7, categories: "one-hot" }],
  ["random-forest", {}],
  [task === "regression" ? "ridge" : "logistic-regression", {}],
]) {
  const trainer = TRAINERS.find((one) => one.id === id);
  const means = [];
  let found = [];
  for (const knowsTarget of [false, true]) {
    let mean = 0;
    for (let fold = 0; fold < FOLDS; fold++) {
      const { value, codes } = await foldValue(trainer, config, fold, knowsTarget);
      mean += value / FOLDS;
      found = codes;
    }
    means.push(mean.toPrecision(4));
  }
  const name = Object.keys(config).length > 0 ? `${id} ${JSON.stringify(config)}` : id;
  console.log(`${name}: ${metric.id} ${means.join(" -> ")} (codes: ${found.join(", ") || "none"})`);
}
