// CSV ingest and profile against pandas. Nothing is asserted; the figures are printed.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeTable } from "./table.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const work = join(here, "../../.bench");
const { values } = parseArgs({
  options: {
    bytes: { type: "string", default: "1e9" },
    arrow: { type: "boolean", default: false },
    runs: { type: "string", default: "3" },
    threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
  },
});

/** pandas stores texts in another way where pyarrow is installed, so that peer has an environment of its own. */
function python(suffix = "") {
  const environment = join(work, `ingest-venv${suffix}`);
  const binary = join(environment, "bin/python");
  if (!existsSync(binary)) {
    execFileSync("python3", ["-m", "venv", environment], { stdio: "inherit" });
    const requirements = join(here, `requirements${suffix}.txt`);
    execFileSync(binary, ["-m", "pip", "install", "-q", "-r", requirements], { stdio: "inherit" });
  }
  return binary;
}

const run = (command, ...args) =>
  JSON.parse(execFileSync(command, args, { encoding: "utf8" }).trim().split("\n").at(-1));
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

const file = join(work, `ingest-${values.bytes}.csv`);
writeTable(file, Number(values.bytes));
const peer = process.env.QUERN_BENCH_PYTHON ?? python();
const arrowPeer = values.arrow && python("-arrow");
const ours = [];
const theirs = [];
const arrow = [];
for (let i = 0; i < Number(values.runs); i++) {
  ours.push(run(process.execPath, join(here, "quern.mjs"), file, values.threads));
  theirs.push(run(peer, join(here, "peer.py"), file));
  if (values.arrow) arrow.push(run(arrowPeer, join(here, "peer.py"), file, "pyarrow"));
}

const row = (name, results) => ({
  name,
  seconds: median(results.map((result) => result.total)).toFixed(1),
  ...Object.fromEntries(
    Object.keys(results[0].seconds).map((stage) => [
      stage,
      median(results.map((result) => result.seconds[stage])).toFixed(1),
    ]),
  ),
  "cpu seconds": Math.min(...results.map((result) => result.cpu)).toFixed(1),
  "peak MB": Math.round(Math.max(...results.map((result) => result.peakMB))),
});
console.log(
  `${file}: ${ours[0].rows} rows, ${values.runs} runs, ${values.threads} threads, ${cpus()[0]?.model}, ${new Date().toISOString().slice(0, 10)}`,
);
console.table([
  row("quern", ours),
  row("pandas", theirs),
  ...(values.arrow ? [row("pandas, pyarrow", arrow)] : []),
]);
const ratio = median(ours.map((result) => result.total)) / median(theirs.map((result) => result.total));
const cpu = Math.min(...ours.map((result) => result.cpu)) / Math.min(...theirs.map((result) => result.cpu));
console.log(`time ratio ${ratio.toFixed(2)} (target 0.30), processor time ratio ${cpu.toFixed(2)}`);
