// A source file over 500 lines is two files: fails and names each; prints the totals.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const CAP = 500;
const files = execFileSync("git", ["ls-files", "*.ts", "*.tsx", "*.mjs", "*.cjs"], { encoding: "utf8" })
  .split("\n")
  .filter(Boolean);
const sizes = files.map((file) => ({ file, lines: readFileSync(file, "utf8").split("\n").length - 1 }));
const over = sizes.filter(({ lines }) => lines > CAP);
for (const { file, lines } of over) console.error(`${file}: ${lines} lines, cap ${CAP}`);
const total = sizes.reduce((sum, { lines }) => sum + lines, 0);
const sorted = sizes.map(({ lines }) => lines).sort((a, b) => a - b);
console.log(
  `${files.length} files, ${total} lines, median ${sorted[sorted.length >> 1]}, largest ${sorted.at(-1)}`,
);
process.exitCode = over.length > 0 ? 1 : 0;
