// Runs the built command line under Node 24: the npm package `node@24` carries the binary.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "quern-node24-"));
try {
  execFileSync(
    "npm",
    ["install", "--silent", "--no-save", "--ignore-scripts=false", "--prefix", folder, "node@24"],
    { stdio: "inherit" },
  );
  const node = join(folder, "node_modules/node/bin/node");
  const quern = (...args) =>
    execFileSync(node, [join(root, "dist/entries/cli/main.js"), ...args], {
      encoding: "utf8",
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
  console.log(execFileSync(node, ["--version"], { encoding: "utf8" }).trim());
  const data = join(root, "examples/data/penguins.csv");
  const trained = JSON.parse(quern("train", data, "--target", "species", "--name", "smoke", "--json"));
  quern("predict", "smoke", data, "--out", join(folder, "predictions.csv"));
  const doctor = JSON.parse(quern("doctor", "--json"));
  if (!(trained.metric.value !== null && doctor.ok)) throw new Error("The smoke test under Node 24 failed.");
  console.log(`trained ${trained.model}@${trained.version}: ${trained.metric.name} ${trained.metric.value}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
