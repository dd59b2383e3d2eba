// Optimisation quality: the median over seeds of the best value so far, Quern's samplers beside Optuna's.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SAMPLERS } from "../../dist/capabilities/tuning/index.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { FUNCTIONS } from "./functions.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const environment = join(root, ".bench/venv-search");
const python = process.env.QUERN_BENCH_PYTHON ?? join(environment, "bin/python");
const recorded = join(root, ".bench/search/optuna.json");
const CHECKPOINTS = [25, 50, 100];
const options = Object.fromEntries(process.argv.slice(2).map((word) => word.replace(/^--/, "").split("=")));
const seeds = Number(options.seeds ?? 21);
const chosen = options.samplers?.split(",") ?? SAMPLERS.map(({ id }) => id);
const functions = options.functions?.split(",") ?? Object.keys(FUNCTIONS);
/** `--batch=4` proposes that many at once. */
const batch = Number(options.batch ?? 1);

function peers() {
  if (options.peers === "none") return {};
  if (options.peers) return JSON.parse(readFileSync(options.peers, "utf8")).median;
  if (!existsSync(recorded)) {
    mkdirSync(dirname(recorded), { recursive: true });
    if (!existsSync(python)) {
      execFileSync("python3", ["-m", "venv", environment]);
      execFileSync(python, ["-m", "pip", "install", "-q", "-r", join(here, "requirements.txt")], {
        stdio: "inherit",
      });
    }
    execFileSync(python, [join(here, "peers.py"), recorded], { stdio: "inherit" });
  }
  return JSON.parse(readFileSync(recorded, "utf8")).median;
}

function bestSoFar(sampler, { space, value }, seed, trials) {
  const random = createRandom(seed).fork("sampler");
  const config = sampler.config.parse({});
  const history = [];
  while (history.length < trials) {
    const count = Math.min(batch, trials - history.length);
    for (const configuration of sampler.suggest({ space, history, count, random, config }))
      history.push({
        number: history.length,
        configuration,
        state: "complete",
        value: value(configuration),
        steps: [],
        seconds: 1,
      });
  }
  return CHECKPOINTS.map((n) => Math.min(...history.slice(0, n).map((observation) => observation.value)));
}

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
const show = (value) => (value === undefined ? "-" : value.toPrecision(3)).padStart(10);

const optuna = peers();
console.log(
  `best value so far, median of ${seeds} seeds (best possible: 0), batches of ${batch}; Optuna beside`,
);
console.log(
  [
    "function".padEnd(11),
    "sampler".padEnd(17),
    ...CHECKPOINTS.map((n) => `${n} trials`.padStart(21)),
    "ms a trial",
  ].join(" "),
);
for (const name of functions) {
  for (const sampler of SAMPLERS.filter(({ id }) => chosen.includes(id))) {
    const trials = sampler.id === "gaussian-process" ? 50 : 100;
    const began = process.cpuUsage();
    const runs = Array.from({ length: seeds }, (_, seed) =>
      bestSoFar(sampler, FUNCTIONS[name], seed, trials),
    );
    const { user, system } = process.cpuUsage(began);
    const cells = CHECKPOINTS.map((n, k) => {
      const ours = n <= trials ? median(runs.map((run) => run[k])) : undefined;
      return `${show(ours)} ${show(optuna[name]?.[sampler.id]?.[n])}`;
    });
    const perTrial = ((user + system) / 1000 / seeds / trials).toFixed(1);
    console.log([name.padEnd(11), sampler.id.padEnd(17), ...cells, perTrial.padStart(10)].join(" "));
  }
}
