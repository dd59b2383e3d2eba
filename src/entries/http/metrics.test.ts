import { expect, test } from "vitest";
import type { AlertRecord } from "../../foundation/contracts/monitoring-store.js";
import type { ModelPool } from "../../foundation/contracts/serving.js";
import { createServingMetrics } from "./metrics.js";

const alert: AlertRecord = {
  ...{ model: "churn", key: "drift/input", severity: "ticket", message: "", evidence: {} },
  ...{ firstAt: 1_700_000_000_000, lastAt: 2, times: 2, notifiedAt: 2, resolvedAt: null },
};
const pool = {
  list: () =>
    [1, 2].map((version) => ({ manifest: { name: "churn", version }, state: "ready", busyRows: 0 })),
} as unknown as ModelPool;

test("what the monitoring found of the served names is on the page until it is resolved", async () => {
  let answer: () => Promise<readonly AlertRecord[]> = async () => [alert];
  const asked: (readonly string[])[] = [];
  const openAlerts = (models: readonly string[]) => {
    asked.push(models);
    return answer();
  };
  const metrics = createServingMetrics().forServer(pool, { store: { monitoring: { openAlerts } } });
  const lines = async () =>
    (await metrics.render()).split("\n").filter((line) => line.startsWith("quern_monitoring_alert"));
  const labels = '{model="churn",alert="drift/input",severity="ticket"}';
  const open = [
    `quern_monitoring_alert_open${labels} 1`,
    `quern_monitoring_alert_opened_timestamp_seconds${labels} 1700000000`,
  ];
  expect(await lines()).toEqual(open);
  expect(asked[0]).toEqual(["churn"]);
  answer = () => Promise.reject(new Error("busy"));
  expect(await lines()).toEqual(open);
  answer = async () => [];
  expect(await lines()).toEqual([]);
});
