// What batches by length spare networks that read texts: places computed, time of a training, log loss. See README.md.
import { subwords } from "../../dist/capabilities/features/host/subwords/subwords.js";
import { bucketLengths, longestTexts } from "../../dist/capabilities/trainers/neural/length-buckets.js";
import { readTokenizer } from "../../dist/capabilities/trainers/neural/text/pretrained/read-encoder.js";
import { textEncoder } from "../../dist/capabilities/trainers/neural/text/pretrained/text-encoder.js";
import { textNetwork } from "../../dist/capabilities/trainers/neural/text/text-trainer.js";
import { createBatchOrder } from "../../dist/engines/autodiff/index.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { createFrame } from "../../dist/foundation/contracts/frame.js";
import { labelled, option, rowsOf } from "./reviews.mjs";

const pairs = Number(option("pairs", "3"));
const steps = Number(option("steps", "250"));
const folder = option("encoder", "");
const named = option("networks", "bag,convolution,recurrent,transformer").split(",").filter(Boolean);

const context = () => ({
  random: createRandom("bench"),
  signal: new AbortController().signal,
  clock: { now: () => 0, elapsed: () => performance.now() },
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  threads: 1,
  report() {},
  maxIterations: steps,
});

function logLoss({ values }, { codes }) {
  let sum = 0;
  for (const [row, code] of codes.entries()) sum -= Math.log(Math.max(1e-15, values[2 * row + code]));
  return sum / codes.length;
}

function fitTokens(train, tokenizer) {
  const texts = createFrame([["review", { kind: "text", values: train.map(([, review]) => review) }]]);
  return subwords.fit(texts, subwords.config.parse(tokenizer ? { tokenizer } : {}), context());
}

/** Places that an epoch computes: padded to the longest of all, to the lengths of batches, and without padding. */
function placesOf({ features }, batch) {
  const column = features.columns.get("review");
  const tokens = { type: "int32", shape: [features.rows, column.length], data: column.values };
  const pieces = longestTexts([tokens], features.rows);
  const lengths = bucketLengths(pieces, Math.min(6, Math.floor(steps / 40)));
  const order = createBatchOrder({
    ...{ rows: features.rows, size: batch },
    lengths: pieces.map((count) => lengths.find((length) => length >= count)),
    random: createRandom("bench"),
  });
  let bucketed = 0;
  for (let step = 0; step < order.batchesPerEpoch; step++) {
    const longest = Math.max(...[...order.rows(step)].map((row) => pieces[row]));
    bucketed += batch * lengths.find((length) => length >= longest);
  }
  const real = pieces.reduce((a, b) => a + b, 0);
  return { whole: order.batchesPerEpoch * batch * column.length, bucketed, real, lengths };
}

async function compare(name, trainer, config, { train, test }) {
  const fits = { whole: [], bucketed: [] };
  const losses = {};
  for (let pair = 0; pair < pairs; pair++) {
    for (const [kind, buckets] of [
      ["whole", false],
      ["bucketed", true],
    ]) {
      const settings = trainer.config.parse({ ...config, buckets });
      const start = process.cpuUsage();
      const fitted = await trainer.fit({ train }, settings, context());
      const { user, system } = process.cpuUsage(start);
      fits[kind].push((user + system) / 1000 / steps);
      losses[kind] ??= logLoss(fitted.predict(test.features), test.target);
    }
  }
  const least = (times) => Math.min(...times);
  const ratio = least(fits.bucketed) / least(fits.whole);
  console.log(
    `${name}: ${least(fits.whole).toFixed(1)} -> ${least(fits.bucketed).toFixed(1)} ms of processor a step (ratio ${ratio.toFixed(2)}),`,
    `test log loss ${losses.whole.toFixed(4)} -> ${losses.bucketed.toFixed(4)}`,
  );
}

function report(part, { whole, bucketed, real, lengths }) {
  console.log(
    `${part}: places an epoch ${whole} -> ${bucketed} (pieces ${real}), padding ${(100 * (1 - real / whole)).toFixed(0)} % -> ${(100 * (1 - real / bucketed)).toFixed(0)} %, lengths ${lengths.join(", ")}`,
  );
}

const [train, test] = [rowsOf("food-reviews-train.csv"), rowsOf("food-reviews-test.csv")];
if (named.length > 0) {
  const state = fitTokens(train);
  const parts = { train: labelled(train, state), test: labelled(test, state) };
  report("text-network", placesOf(parts.train, 32));
  for (const architecture of named)
    await compare(`text-network ${architecture}`, textNetwork, { architecture }, parts);
}
if (folder !== "") {
  const state = fitTokens(train, readTokenizer(folder));
  const parts = { train: labelled(train, state), test: labelled(test, state) };
  report("text-encoder", placesOf(parts.train, 16));
  for (const tuning of ["lora", "full"])
    await compare(`text-encoder ${tuning}`, textEncoder, { model: folder, tuning }, parts);
}
