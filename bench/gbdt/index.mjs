// Gradient boosting against LightGBM and XGBoost: training time, binning time, peak memory at equal
// hyper-parameters (100 trees, 31 leaves, 255 bins, learning rate 0.1), and quality with default settings.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compare, foldScores, mean, TABLES } from "./quality.mjs";
import { areaUnderCurve, fitModel, frameOf, readTable, targetOf } from "./tables.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const work = join(root, ".bench");
const python = process.env.QUERN_BENCH_PYTHON ?? join(work, "venv/bin/python");
const REPEATS = Number(process.env.QUERN_BENCH_REPEATS ?? 5);
const TABLES_FOLDER = process.env.QUERN_DATA ?? join(root, "examples/data");

/** Equal to the peers' parameters in peers.py. */
const EQUAL = {
  iterations: 100,
  learningRate: 0.1,
  leaves: 31,
  minRowsPerLeaf: 20,
  minChildWeight: 0.001,
  l2: 0,
  columnShareByNode: 1,
};

function prepare() {
  mkdirSync(work, { recursive: true });
  if (!existsSync(python)) {
    execFileSync("python3", ["-m", "venv", join(work, "venv")]);
    execFileSync(python, ["-m", "pip", "install", "-q", "-r", join(here, "requirements.txt")], {
      stdio: "inherit",
    });
  }
  if (!existsSync(join(work, "speed/B.json"))) runPython("data.py", "speed", join(work, "speed"));
}

const runPython = (script, ...args) =>
  execFileSync(python, [join(here, script), ...args], { encoding: "utf8" });
const peer = (...args) =>
  JSON.parse(
    runPython("peers.py", "speed", ...args)
      .trim()
      .split("\n")
      .at(-1),
  );

/** In a process of its own, so that its peak memory is its own. */
const ours = (name, threads) =>
  JSON.parse(
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), name, threads], { encoding: "utf8" }),
  );

async function measureOurs(name, threads) {
  const table = readTable(join(work, "speed"), name);
  table.task = "binary";
  table.classes = 2;
  const range = (from, to) => Array.from({ length: to - from }, (_, k) => from + k);
  const test = range(table.rows, table.rows + table.testRows);
  const train = range(0, table.rows);
  const features = frameOf(table, train);
  const target = targetOf(table, train);
  const dataMiB = process.resourceUsage().maxRSS / 1024;
  const clock = () => [performance.now() / 1000, cpuSeconds()];
  const start = clock();
  let binned = start;
  const model = await fitModel(features, target, EQUAL, threads, undefined, (event) => {
    if (event.stage === "bin") binned = clock();
  });
  const trained = clock();
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  const values = model.predict(frameOf(table, test)).values;
  return {
    binning: binned[0] - start[0],
    binningCpu: binned[1] - start[1],
    training: trained[0] - binned[0],
    trainingCpu: trained[1] - binned[1],
    peakMiB,
    dataMiB,
    auc: areaUnderCurve(
      values.filter((_, k) => k % 2 === 1),
      targetOf(table, test).codes,
    ),
  };
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const FIGURES = ["training", "trainingCpu", "binning", "binningCpu", "peakMiB", "auc"];

/** Alternated runs; the median of each figure, and the least of the times. */
function race(name, threads) {
  const contestants = {
    quern: () => ours(name, String(threads)),
    lightgbm: () => peer("lightgbm", join(work, "speed"), name, String(threads)),
    xgboost: () => peer("xgboost", join(work, "speed"), name, String(threads)),
  };
  const runs = Object.fromEntries(Object.keys(contestants).map((key) => [key, []]));
  for (let k = 0; k < REPEATS; k++)
    for (const [key, run] of Object.entries(contestants)) runs[key].push(run());
  const summary = {};
  for (const [key, results] of Object.entries(runs)) {
    summary[key] = Object.fromEntries(
      FIGURES.map((figure) => [figure, median(results.map((r) => r[figure]))]),
    );
    summary[key].least = Math.min(...results.map((r) => r.training));
  }
  return summary;
}

function printRace(name, threads, summary) {
  console.log(`\n${name}, ${threads} thread(s): medians of ${REPEATS} alternated runs`);
  console.log("            training s  (least)  cpu s   binning s  cpu s   peak MiB  AUC");
  for (const [key, s] of Object.entries(summary)) {
    const cells = [s.training, s.least, s.trainingCpu, s.binning, s.binningCpu].map((v) =>
      v.toFixed(2).padStart(8),
    );
    console.log(
      `${key.padEnd(12)}${cells.join(" ")}  ${s.peakMiB.toFixed(0).padStart(7)}  ${s.auc.toFixed(5)}`,
    );
  }
  for (const other of ["lightgbm", "xgboost"]) {
    const ratio = (figure) => (summary.quern[figure] / summary[other][figure]).toFixed(2);
    const figures = ["training", "least", "trainingCpu", "binning", "binningCpu", "peakMiB"];
    console.log(`  ratio to ${other}: ${figures.map((figure) => `${figure} ${ratio(figure)}`).join("  ")}`);
  }
}

async function raceQuality() {
  const folder = join(work, "quality");
  runPython("data.py", "quality", folder, TABLES_FOLDER);
  console.log(
    "\nquality with default settings, mean of 5 folds; difference in fold standard deviations (+ is better)",
  );
  let wins = 0;
  for (const [name, metric] of Object.entries(TABLES)) {
    const lightgbm = JSON.parse(runPython("peers.py", "quality", folder, name)).scores;
    const quern = await foldScores(folder, name);
    const difference = compare(metric, quern, lightgbm);
    if (difference >= 0) wins++;
    const cells = [mean(quern).toPrecision(6), mean(lightgbm).toPrecision(6), difference.toFixed(2)];
    console.log(
      `${name.padEnd(20)} ${metric.padEnd(9)} quern ${cells[0]}  lightgbm ${cells[1]}  ${cells[2]}`,
    );
  }
  console.log(`at least as good on ${wins} of ${Object.keys(TABLES).length}`);
}

const bench = {
  name: "gbdt",
  async run() {
    prepare();
    for (const name of ["A", "B"])
      for (const threads of [1, 2]) printRace(name, threads, race(name, threads));
    await raceQuality();
  },
};
export const { name, run } = bench;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [table, threads] = process.argv.slice(2);
  if (table) console.log(JSON.stringify(await measureOurs(table, Number(threads))));
  else await bench.run();
}
