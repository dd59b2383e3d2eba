// `QUERN_DATA=… node bench/estimates/tables.mjs [set ...]`: what a plan says of real tables against what training them
// takes, in processor seconds of one process, so that neither other load nor the number of processes matters.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { planTraining } from "../../dist/index.js";
import { runTraining } from "../../dist/workflows/train/run-training.js";
import { SETS } from "../automl/sets.mjs";

const data = process.env.QUERN_DATA;
const READY = { ...SETS, "food-reviews": { files: ["food-reviews-train.csv"], target: "score" } };
/** Processor time of this process, as the clock by which the product times itself. */
const processorClock = {
  now: () => processorClock.elapsed(),
  elapsed() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

async function measure({ files, target, project = {} }) {
  const folder = mkdtempSync(join(tmpdir(), "quern-estimates-"));
  const wanted = {
    ...project,
    data: { source: files.map((file) => resolve(data, file)) },
    task: { target },
  };
  const options = { folder, store: join(folder, ".quern"), threads: 1, clock: processorClock };
  try {
    const plan = await planTraining({ project: wanted }, options);
    const planned = processorClock.elapsed() / 1000;
    const result = await runTraining(
      { ...options, project: wanted, allowedHosts: [] },
      {
        clock: processorClock,
        signal: new AbortController().signal,
        onEvent: () => undefined,
        startedAt: processorClock.now(),
      },
    );
    return {
      plan,
      leaderboard: result.leaderboard,
      seconds: processorClock.elapsed() / 1000 - planned,
      bytes: process.resourceUsage().maxRSS * 1024,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const off = (value) => (value < 0.5 || value > 2 ? "!" : " ");
const compared = (expected, taken, digits) =>
  `${expected.toFixed(digits).padStart(8)} of ${taken.toFixed(digits).padStart(8)}  ${(expected / taken).toFixed(2).padStart(5)} ${off(expected / taken)}`;

function show(name, { plan, leaderboard, seconds, bytes }) {
  for (const { trial, trainer, seconds: taken } of [...leaderboard].sort((a, b) => a.trial - b.trial)) {
    const { seconds: expected, basis } = plan.trials[trial];
    console.log(
      `${name.padEnd(19)} ${`${trainer} ${trial}`.padEnd(24)} ${compared(expected, taken, 2)} s  ${basis}`,
    );
  }
  const trials = leaderboard.reduce((sum, trial) => sum + trial.seconds, 0);
  console.log(`${name.padEnd(19)} ${"all trials".padEnd(24)} ${compared(plan.seconds, trials, 1)} s`);
  console.log(`${name.padEnd(19)} ${"training".padEnd(24)} ${compared(plan.wallSeconds, seconds, 1)} s`);
  const mebibytes = [plan.machine.neededBytes / 2 ** 20, bytes / 2 ** 20];
  console.log(`${name.padEnd(19)} ${"memory".padEnd(24)} ${compared(...mebibytes, 0)} MiB`);
}

const [job, ...others] = process.argv.slice(2);
if (job === "--measure") {
  console.log(JSON.stringify(await measure(READY[others[0]])));
} else if (!data) {
  console.error("Usage: QUERN_DATA=<folder> node bench/estimates/tables.mjs [set ...]");
  process.exitCode = 2;
} else {
  const wanted = process.argv.slice(2);
  for (const [name, set] of Object.entries(READY)) {
    if (
      wanted.length > 0 ? !wanted.includes(name) : !set.files?.every((file) => existsSync(join(data, file)))
    )
      continue;
    // A process of its own, so that its peak memory is its own.
    const script = ["--no-liftoff", fileURLToPath(import.meta.url), "--measure", name];
    show(name, JSON.parse(execFileSync(process.execPath, script, { maxBuffer: 2 ** 28 }).toString()));
  }
}
