// How well networks that read texts tell good food reviews from others, beside TF-IDF and a logistic regression. See README.md.

import { subwords } from "../../dist/capabilities/features/host/subwords/subwords.js";
import { createTokens } from "../../dist/capabilities/features/host/tokens.js";
import { tfidf } from "../../dist/capabilities/features/transforms/tfidf.js";
import { logisticRegression } from "../../dist/capabilities/trainers/linear/logistic-regression.js";
import { readTokenizer } from "../../dist/capabilities/trainers/neural/text/pretrained/read-encoder.js";
import { textEncoder } from "../../dist/capabilities/trainers/neural/text/pretrained/text-encoder.js";
import { textNetwork } from "../../dist/capabilities/trainers/neural/text/text-trainer.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { labelled, option, rowsOf, targetOf, textsOf } from "./reviews.mjs";

/** Chosen on validation rows alone; `--test` opens the test rows, once for a table. */
const judgesTest = process.argv.includes("--test");
const folder = option("encoder", "");
const named = option("models", "linear,bag,recurrent,transformer,frozen,lora,full").split(",");
const VALIDATION = 800;

const start = performance.now();
const context = () => ({
  random: createRandom("bench"),
  signal: new AbortController().signal,
  clock: { now: () => 0, elapsed: () => performance.now() - start },
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  threads: 1,
  report() {},
});

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

const rows = shuffled(rowsOf("food-reviews-train.csv"));
const parts = { train: rows.slice(VALIDATION), validation: rows.slice(0, VALIDATION) };
if (judgesTest) parts.test = rowsOf("food-reviews-test.csv");
const partsBy = (make) =>
  Object.fromEntries(Object.entries(parts).map(([name, given]) => [name, make(given)]));

function weighedTerms() {
  const tokens = createTokens();
  const words = (given) => tokens.apply(textsOf(given), tokens.config.parse({}));
  const config = { maximumFeatures: 30_000, maximumGram: 2, minimumDocuments: 2, sublinear: true };
  const state = tfidf.fit(words(parts.train), tfidf.config.parse(config), context());
  return partsBy((given) => ({ features: tfidf.apply(words(given), state), target: targetOf(given) }));
}

function pieces(tokenizer) {
  const config = subwords.config.parse(tokenizer ? { tokenizer } : {});
  const state = subwords.fit(textsOf(parts.train), config, context());
  return partsBy((given) => labelled(given, state));
}

async function judge(name, trainer, config, { train, validation, test }) {
  const before = process.cpuUsage();
  const fitted = await trainer.fit({ train, validation }, trainer.config.parse(config), context());
  const { user, system } = process.cpuUsage(before);
  const area = ({ features, target }) => {
    const { values } = fitted.predict(features);
    return areaUnderCurve(
      Float64Array.from(target.codes, (_, row) => values[2 * row + 1]),
      target.codes,
    ).toFixed(4);
  };
  const onTest = test ? `, test ${area(test)}` : "";
  console.log(
    `${name}: AUC validation ${area(validation)}${onTest}; ${((user + system) / 1e6).toFixed(0)} s of processor`,
  );
}

if (named.includes("linear"))
  await judge("TF-IDF of words and pairs, logistic-regression", logisticRegression, {}, weighedTerms());
const architectures = ["bag", "convolution", "recurrent", "transformer"].filter((name) =>
  named.includes(name),
);
const own = architectures.length > 0 ? pieces() : undefined;
for (const architecture of architectures)
  await judge(`text-network, ${architecture}`, textNetwork, { architecture }, own);
const tunings = folder === "" ? [] : ["frozen", "lora", "full"].filter((name) => named.includes(name));
const given = tunings.length > 0 ? pieces(readTokenizer(folder)) : undefined;
for (const tuning of tunings)
  await judge(`text-encoder, ${tuning}`, textEncoder, { model: folder, tuning }, given);
