// One run in a process of its own: `node quern.mjs FILE THREADS` prints seconds by stage and peak memory as JSON.
import { inferSchema } from "../../dist/capabilities/data/kinds/index.js";
import { profileTable } from "../../dist/capabilities/data/profile/profile-table.js";
import { openSource } from "../../dist/capabilities/data/sources/index.js";

const [file, threads] = process.argv.slice(2);
const seconds = {};
async function stage(name, work) {
  const start = performance.now();
  const result = await work();
  seconds[name] = (performance.now() - start) / 1000;
  return result;
}

const { table } = await stage("open", () => openSource(file, {}, { threads: Number(threads) }));
const { columns } = await stage("kinds", () => inferSchema(table));
const profile = await stage("profile", () => profileTable(table, columns));
await table.close();
const total = Object.values(seconds).reduce((sum, value) => sum + value, 0);
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const kinds = Object.fromEntries(columns.map(({ name, kind }) => [name, kind]));
console.log(
  JSON.stringify({
    total,
    seconds,
    cpu: (userCPUTime + systemCPUTime) / 1e6,
    peakMB: maxRSS / 1024,
    rows: profile.rows,
    kinds,
  }),
);
