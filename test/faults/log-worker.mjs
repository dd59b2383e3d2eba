/** Logs predictions until it is killed; says on standard output which are durable. */
import { createPredictionLog } from "../../dist/capabilities/monitoring/prediction-log/write-log.js";

const [folder, name] = process.argv.slice(2);
const manifest = {
  ...{ name: "churn", version: 1, outputs: { kind: "classes", classes: ["no", "yes"] } },
  inputs: [{ column: { name: "age", kind: "number", reason: "" }, optional: true }],
};
const settings = {
  sample: 1,
  columns: {},
  maximumTextLength: 100,
  queueRows: 10_000,
  segmentRows: 40,
  retentionDays: 1,
};
const clock = { now: () => Date.now(), elapsed: () => performance.now() };
const log = createPredictionLog({
  folder,
  settings,
  hashKey: () => "",
  clock,
  logger: { log: () => undefined },
});
for (let batch = 0; ; batch++) {
  const ids = Array.from({ length: 7 }, (_, row) => `${name}/${batch}/${row}`);
  const predictions = ids.map(() => ({ label: "yes", probabilities: { no: 0.25, yes: 0.75 } }));
  log.record({ manifest, ids, rows: ids.map((_, row) => ({ age: row })), predictions });
  await log.flush();
  process.stdout.write(`${batch}\n`);
}
