// How well networks that read texts tell good food reviews from others, beside TF-IDF and a logistic regression. See README.md.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { subwords } from "../../dist/capabilities/features/host/subwords/subwords.js";
import { createTokens } from "../../dist/capabilities/features/host/tokens.js";
import { tfidf } from "../../dist/capabilities/features/transforms/tfidf.js";
import { logisticRegression } from "../../dist/capabilities/trainers/linear/logistic-regression.js";
import { readTokenizer } from "../../dist/capabilities/trainers/neural/text/pretrained/read-encoder.js";
import { textEncoder } from "../../dist/capabilities/trainers/neural/text/pretrained/text-encoder.js";
import { textNetwork } from "../../dist/capabilities/trainers/neural/text/text-trainer.js";
import { pack, unpack } from "../../dist/foundation/base/packing.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { labelled, option, rowsOf, targetOf, textsOf } from "./reviews.mjs";

/** Settings are chosen on folds of the training rows alone; `--test` opens the test rows, once for a table. */
const judgesTest = process.argv.includes("--test");
const folder = option("encoder", "");
const named = option("models", "linear,bag,recurrent,transformer,frozen,lora,full").split(",");
const FOLDS = 5;
const folds = option("folds", "0").split(",").map(Number);
const settings = JSON.parse(option("set", "{}"));
const threads = Number(option("threads", "1"));
const rowsLearnt = Number(option("rows", "Infinity"));
const states = option("states", "");
if (states !== "") mkdirSync(states, { recursive: true });

const start = performance.now();
const elapsed = () => performance.now() - start;

function context(key) {
  let told = elapsed();
  return {
    random: createRandom(option("seed", "bench")),
    signal: new AbortController().signal,
    clock: { now: () => 0, elapsed },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    threads,
    report({ stage, done, total }) {
      if (elapsed() - told < 60_000) return;
      told = elapsed();
      console.error(`${(told / 60_000).toFixed(1)} min: ${stage} ${done} of ${total}`);
    },
    ...(states === ""
      ? {}
      : {
          cacheFolder: join(states, "cache"),
          checkpoints: { folder: join(states, `${key}-steps`), identity: key },
        }),
  };
}

/** Rows in an order of their own, so that neighbours of the file are in different parts. */
function shuffled(rows) {
  const random = createRandom("split");
  const order = [...rows];
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** Area under the ROC curve: the share of pairs in the right order. */
function areaUnderCurve(probabilities, codes) {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[a] - probabilities[b]);
  let [ranks, positives] = [0, 0];
  for (const [rank, row] of order.entries()) {
    if (codes[row] !== 1) continue;
    ranks += rank + 1;
    positives++;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (codes.length - positives));
}

function logLoss(probabilities, codes) {
  let sum = 0;
  for (const [row, code] of codes.entries()) {
    sum -= Math.log(Math.max(1e-7, code === 1 ? probabilities[row] : 1 - probabilities[row]));
  }
  return sum / codes.length;
}

const rows = shuffled(rowsOf("food-reviews-train.csv"));
const test = judgesTest ? rowsOf("food-reviews-test.csv") : undefined;

/** The rows of a fold judge; they choose nothing, not even when a training ends. */
function partsOf(fold) {
  const judged = rows.filter((_, row) => row % FOLDS === fold);
  const train = rows.filter((_, row) => row % FOLDS !== fold).slice(0, rowsLearnt);
  return test ? { train, judged, test } : { train, judged };
}

const partsBy = (parts, make) =>
  Object.fromEntries(Object.entries(parts).map(([name, given]) => [name, make(given)]));

function weighedTerms(parts) {
  const tokens = createTokens();
  const words = (given) => tokens.apply(textsOf(given), tokens.config.parse({}));
  const config = { maximumFeatures: 30_000, maximumGram: 2, minimumDocuments: 2, sublinear: true };
  const state = tfidf.fit(words(parts.train), tfidf.config.parse(config), context());
  return partsBy(parts, (given) => ({ features: tfidf.apply(words(given), state), target: targetOf(given) }));
}

function pieces(parts, tokenizer) {
  const config = subwords.config.parse(tokenizer ? { tokenizer } : {});
  const state = subwords.fit(textsOf(parts.train), config, context());
  return partsBy(parts, (given) => labelled(given, state));
}

/** What was learnt is kept in the folder of `--states`, so that it is learnt once. */
async function fitted(key, trainer, config, train) {
  const file = join(states, `${key}.bin`);
  if (states !== "" && existsSync(file)) return trainer.restore(unpack(readFileSync(file)));
  const learnt = await trainer.fit({ train }, trainer.config.parse(config), context(key));
  if (states !== "") writeFileSync(file, pack(learnt.state));
  return learnt;
}

async function judge(name, trainer, config, fold, { train, judged, test }) {
  const [before, began] = [process.cpuUsage(), elapsed()];
  const model = await fitted(`${name}-${fold}${option("key", "")}`, trainer, config, train);
  const { user, system } = process.cpuUsage(before);
  const minutes = (elapsed() - began) / 60_000;
  const scoresOf = ({ features, target: { codes } }) => {
    const { values } = model.predict(features);
    const probabilities = Float64Array.from(codes, (_, row) => values[2 * row + 1]);
    return { area: areaUnderCurve(probabilities, codes), loss: logLoss(probabilities, codes) };
  };
  const told = ({ area, loss }) => `AUC ${area.toFixed(4)}, log loss ${loss.toFixed(4)}`;
  const own = scoresOf(judged);
  const onTest = test ? `; test rows: ${told(scoresOf(test))}` : "";
  console.log(
    `${name}, fold ${fold}: ${told(own)}${onTest}; ${((user + system) / 1e6).toFixed(0)} s of processor, ${minutes.toFixed(1)} min`,
  );
  return own;
}

const architectures = ["bag", "convolution", "recurrent", "transformer"];
const makers = {
  linear: (parts) => [logisticRegression, {}, weighedTerms(parts)],
  ...Object.fromEntries(
    architectures.map((architecture) => [
      architecture,
      (parts) => [textNetwork, { architecture, ...settings }, pieces(parts)],
    ]),
  ),
  ...Object.fromEntries(
    ["frozen", "lora", "full"].map((tuning) => [
      tuning,
      (parts) => [textEncoder, { model: folder, tuning, ...settings }, pieces(parts, readTokenizer(folder))],
    ]),
  ),
};

for (const name of named) {
  const scores = [];
  for (const fold of folds) scores.push(await judge(name, ...argumentsOf(name, fold)));
  const mean = (kind) => scores.reduce((sum, score) => sum + score[kind], 0) / scores.length;
  if (scores.length > 1)
    console.log(`${name}: mean AUC ${mean("area").toFixed(4)}, log loss ${mean("loss").toFixed(4)}`);
}

function argumentsOf(name, fold) {
  const [trainer, config, parts] = makers[name](partsOf(fold));
  return [trainer, config, fold, parts];
}
