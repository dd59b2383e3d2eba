// Training steps and their peak memory against PyTorch's CPU wheel, each run in a process of its own, alternated.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TRAINING_ENVIRONMENT } from "../../dist/workflows/train/spawn-training.js";

const here = dirname(fileURLToPath(import.meta.url));
const environment = join(dirname(dirname(here)), ".bench/venv-neural");
const python = process.env.QUERN_BENCH_PYTHON ?? join(environment, "bin/python");
const option = (name, fallback) => {
  const given = process.argv.find((word) => word.startsWith(`--${name}=`));
  return given ? Number(given.split("=")[1]) : fallback;
};
const [PAIRS, THREADS, STEPS] = [option("pairs", 3), option("threads", 2), option("steps")];
const COMPILES = process.argv.includes("--compile");
const DOUBTS = process.argv.includes("--self");
/** Steps of a run, and the ratios that are aimed at. */
const NETWORKS = {
  mlp: { steps: 224, time: 0.7, what: "MLP 784-512-512-10, batch 128" },
  cnn: { steps: 96, time: 0.95, what: "CNN 32/64 on 28x28, batch 64" },
  encoder: { steps: 6, time: 0.8, what: "encoder, 22 million parameters, 8 x 128" },
  lora: { steps: 8, time: 0.55, what: "the same, LoRA of rank 8 on q and v" },
  lstm: { steps: 160, time: 1, what: "LSTM 64-128, 32 steps, batch 32" },
};

function prepare() {
  if (existsSync(python)) return;
  execFileSync("python3", ["-m", "venv", environment]);
  execFileSync(python, ["-m", "pip", "install", "-q", "-r", join(here, "requirements.txt")], {
    stdio: "inherit",
  });
}

const run = (env, command, ...args) =>
  JSON.parse(
    execFileSync(command, args.map(String), { env, maxBuffer: 2 ** 26, stdio: ["ignore", "pipe", "ignore"] }),
  );
/** As `quern train` starts the process that trains; `--same-memory`: the other side's process as well. */
const trained = { ...TRAINING_ENVIRONMENT, ...process.env };
const peerEnvironment = process.argv.includes("--same-memory") ? trained : process.env;
const own = (name, steps) => run(trained, process.execPath, join(here, "own.mjs"), name, steps, THREADS);
const peer = (name, steps, ...more) =>
  run(peerEnvironment, python, join(here, "peers.py"), name, steps, THREADS, ...more);

/** The least time a step took over all runs: others on the machine can only lengthen it. */
const least = (runs) => Math.min(...runs.flatMap(({ times }) => times.slice(1)));
const median = (runs) => {
  const times = runs.flatMap(({ times }) => times.slice(1)).sort((a, b) => a - b);
  return times[times.length >> 1];
};
/** What other work on the machine changes least. */
const processor = (runs) => Math.min(...runs.flatMap(({ processor }) => processor.slice(1)));
const peak = (runs) => Math.max(...runs.map(({ peakMegabytes }) => peakMegabytes));
const lossGap = ([{ losses: ours }], [{ losses: theirs }]) =>
  Math.max(...theirs.map((loss, k) => Math.abs(loss - ours[k])));
const ratio = (a, b) => (a / b).toFixed(2);

prepare();
console.log(`${THREADS} threads, ${PAIRS} alternated pairs of processes; ms a step: least (median)`);
for (const [name, { steps: usual, time, what }] of Object.entries(NETWORKS)) {
  const steps = STEPS ?? usual;
  const [ours, theirs] = [[], []];
  for (let pair = 0; pair < PAIRS; pair++) {
    ours.push(own(name, steps));
    theirs.push(peer(name, steps));
  }
  const speed = (runs) => `${least(runs).toFixed(1)} (${median(runs).toFixed(1)}) ms`;
  console.log(`\n${what} [${ours[0].execution}]`);
  console.log(
    `  Quern ${speed(ours)}, PyTorch ${speed(theirs)}: ratio ${ratio(least(ours), least(theirs))} ` +
      `(${ratio(median(ours), median(theirs))}), aimed at ${time}`,
  );
  console.log(
    `  processor ${processor(ours).toFixed(1)} ms, PyTorch ${processor(theirs).toFixed(1)} ms: ratio ${ratio(processor(ours), processor(theirs))}`,
  );
  console.log(
    `  peak ${peak(ours).toFixed(0)} MB, PyTorch ${peak(theirs).toFixed(0)} MB: ratio ${ratio(peak(ours), peak(theirs))}, aimed at 1`,
  );
  console.log(
    `  losses of ${steps} steps from equal weights differ by ${lossGap(ours, theirs).toExponential(1)}`,
  );
  if (DOUBTS) {
    const alone = run(python, join(here, "peers.py"), name, steps, THREADS === 1 ? 2 : 1);
    console.log(
      `  those of PyTorch on another number of threads by ${lossGap([alone], theirs).toExponential(1)}`,
    );
  }
  if (COMPILES) console.log(`  torch.compile: ${compiled(name, steps)}`);
}

function compiled(name, steps) {
  try {
    const runs = [peer(name, Math.max(steps, 10), "--compile")];
    return `${Math.min(...runs[0].times.slice(3)).toFixed(1)} ms, first step ${(runs[0].times[0] / 1000).toFixed(0)} s`;
  } catch {
    return "does not run here (it needs a C++ compiler)";
  }
}
