// `quern train` end to end: time and memory, the unchanged rerun, and the cold start of the command line.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const main = join(root, "dist/entries/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "quern-bench-train-"));

/** The process tree's largest resident set and processor time, as the system accounts for it. */
function measured(args) {
  const report = join(folder, "usage");
  const started = performance.now();
  const script =
    "import resource,subprocess,sys;c=subprocess.run(sys.argv[2:],stdout=open(sys.argv[1]+'.out','w'),stderr=subprocess.DEVNULL);u=resource.getrusage(resource.RUSAGE_CHILDREN);print(u.ru_maxrss,u.ru_utime+u.ru_stime,c.returncode)";
  const { stdout } = spawnSync("python3", ["-c", script, report, process.execPath, main, ...args], {
    encoding: "utf8",
    cwd: folder,
  });
  const wall = (performance.now() - started) / 1000;
  const [kilobytes, cpu, code] = stdout.trim().split(" ").map(Number);
  if (code !== 0)
    throw new Error(`quern ${args[0]} ended with ${code}: ${readFileSync(`${report}.out`, "utf8")}`);
  return { wall, cpu, megabytes: kilobytes / 1024, output: readFileSync(`${report}.out`, "utf8") };
}

function adult() {
  const [train, test] = ["adult-train.csv", "adult-test.csv"].map((name) =>
    join(process.env.QUERN_DATA ?? "", name),
  );
  if (!existsSync(train) || !existsSync(test))
    return { file: join(root, "examples/data/telco-churn.csv"), target: "churn" };
  const file = join(folder, "adult.csv");
  const [first, second] = [train, test].map((name) => readFileSync(name, "utf8"));
  // Both halves end their lines alike, so what follows the header of the second continues the first.
  const newline = first.includes("\r\n") ? "\r\n" : "\n";
  writeFileSync(file, first.trimEnd() + newline + second.slice(second.indexOf("\n") + 1));
  return { file, target: "income" };
}

try {
  const { file, target } = adult();
  console.log(
    `${cpus().length} x ${cpus()[0].model}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`,
  );
  const args = ["train", file, "--target", target, "--name", "bench", "--json"];
  const first = measured(args);
  const result = JSON.parse(first.output);
  console.log(
    `train ${file.split("/").at(-1)}: ${first.wall.toFixed(1)} s wall, ${first.cpu.toFixed(1)} s processor, peak ${first.megabytes.toFixed(0)} MB`,
  );
  console.log(
    `  ${result.metric.name} ${result.metric.value.toFixed(4)} on ${result.metric.rows} test rows; parity ${result.parity.maxAbsDiff.toExponential(1)}`,
  );
  for (const row of result.leaderboard)
    console.log(`  ${row.trainer.padEnd(22)} ${row.value?.toFixed(4)}  ${row.seconds.toFixed(1)} s`);
  const again = measured(args);
  const rerun = JSON.parse(again.output);
  console.log(
    `unchanged rerun: ${again.wall.toFixed(2)} s wall, ${rerun.seconds.toFixed(2)} s of work, ${rerun.cached.hits} of ${rerun.cached.steps} steps from cache`,
  );
  const starts = Array.from({ length: 11 }, () => measured(["--help"]).cpu * 1000).sort((a, b) => a - b);
  console.log(`quern --help: ${starts[5].toFixed(0)} ms processor (median of 11)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
