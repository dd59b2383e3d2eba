/** Real Prometheus (`promtool` of the Debian package `prometheus`) reads the rules, and they fire when they should. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { grafanaDashboard } from "../../src/capabilities/monitoring/alerts/grafana-dashboard.js";
import { prometheusRules } from "../../src/capabilities/monitoring/alerts/prometheus-rules.js";
import { createServingMetrics } from "../../src/entries/http/index.js";
import type { PredictionJobs } from "../../src/foundation/contracts/job.js";
import type { ModelPool } from "../../src/foundation/contracts/serving.js";

const folder = mkdtempSync(join(tmpdir(), "quern-prometheus-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const promtool = (...args: string[]): string =>
  execFileSync("promtool", args, { cwd: folder, encoding: "utf8" });

test("the rules are valid, burn rates alert on faults and stay silent without", () => {
  writeFileSync(join(folder, "rules.yml"), prometheusRules("en"));
  expect(promtool("check", "rules", "rules.yml")).toContain("12 rules found");
  const series = (name: string, values: string) => `      - series: '${name}'\n        values: '${values}'\n`;
  const fires = (alert: string, at: string, expected: string) =>
    `      - eval_time: ${at}\n        alertname: ${alert}\n        exp_alerts: ${expected}\n`;
  const firing =
    '[{exp_labels: {severity: page}, exp_annotations: {summary: "Requests fail 14.4 times as often as the objective of 0.999 allows."}}]';
  const http = (status: number) =>
    `quern_http_request_duration_seconds_count{method="POST",route="/predict/:model",status="${status}"}`;
  const grpc = (status: string) =>
    `quern_grpc_request_duration_seconds_count{method="ModelInfer",status="${status}"}`;
  const stories = [
    series(http(200), "0+100x600") + series(http(503), "0x120 0+5x480"),
    series(grpc("OK"), "0+100x600") + series(grpc("UNAVAILABLE"), "0x120 0+5x480"),
  ].map(
    (input) =>
      `  - interval: 1m\n    input_series:\n${input}    alert_rule_test:\n${fires("QuernErrorBudgetBurnsFast", "100m", "[]")}${fires("QuernErrorBudgetBurnsFast", "300m", firing)}`,
  );
  writeFileSync(
    join(folder, "test.yml"),
    `rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n${stories.join("")}`,
  );
  expect(promtool("test", "rules", "test.yml")).toContain("SUCCESS");
});

test("rules and dashboard ask only for metrics that the server has", async () => {
  const pool = { list: () => [] } as unknown as ModelPool;
  const counts = () => ({ written: 0, skipped: 0, dropped: 0, waiting: 0 });
  const queue = { running: 0, waiting: 0, limit: 20, atOnce: 1 };
  const page = await createServingMetrics()
    .forServer(pool, {
      predictions: { record: () => undefined, counts },
      store: { monitoring: { openAlerts: async () => [] } },
      jobs: { list: async () => ({ items: [], queue }) } as unknown as PredictionJobs,
    })
    .render();
  const known = new Set([...page.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!));
  const asked = `${prometheusRules("en")}${grafanaDashboard("en")}`.match(/\bquern_\w+/g)!;
  const missing = [...new Set(asked)].filter(
    (name) => !known.has(name) && !known.has(name.replace(/_(count|bucket|sum)$/, "")),
  );
  expect(missing).toEqual([]);
});
