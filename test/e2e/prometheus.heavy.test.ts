/** Real Prometheus (`promtool` of the Debian package `prometheus`) reads the rules, and they fire when they should. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { grafanaDashboard } from "../../src/capabilities/monitoring/alerts/grafana-dashboard.js";
import { prometheusRules } from "../../src/capabilities/monitoring/alerts/prometheus-rules.js";
import { createServingMetrics } from "../../src/entries/http/index.js";
import type { ModelPool } from "../../src/foundation/contracts/serving.js";

const folder = mkdtempSync(join(tmpdir(), "quern-prometheus-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const promtool = (...args: string[]): string =>
  execFileSync("promtool", args, { cwd: folder, encoding: "utf8" });

test("the rules are valid, burn rates alert on faults and stay silent without", () => {
  writeFileSync(join(folder, "rules.yml"), prometheusRules());
  expect(promtool("check", "rules", "rules.yml")).toContain("11 rules found");
  const series = (status: string, values: string) =>
    `      - series: 'quern_http_request_duration_seconds_count{route="/predict/:model",status="${status}"}'\n        values: '${values}'\n`;
  const fires = (alert: string, at: string, expected: string) =>
    `      - eval_time: ${at}\n        alertname: ${alert}\n        exp_alerts: ${expected}\n`;
  const firing =
    '[{exp_labels: {severity: page}, exp_annotations: {summary: "Requests fail 14.4 times as often as the objective of 0.999 allows."}}]';
  writeFileSync(
    join(folder, "test.yml"),
    `rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n${series("200", "0+100x600")}${series("500", "0x120 0+5x480")}    alert_rule_test:\n${fires("QuernErrorBudgetBurnsFast", "100m", "[]")}${fires("QuernErrorBudgetBurnsFast", "300m", firing)}`,
  );
  expect(promtool("test", "rules", "test.yml")).toContain("SUCCESS");
});

test("rules and dashboard ask only for metrics that the server has", async () => {
  const pool = { list: () => [] } as unknown as ModelPool;
  const page = await createServingMetrics().forServer(pool).render();
  const known = new Set([...page.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!));
  const asked = `${prometheusRules()}${grafanaDashboard()}`.match(/\bquern_\w+/g)!;
  const missing = [...new Set(asked)].filter(
    (name) => !known.has(name) && !known.has(name.replace(/_(count|bucket|sum)$/, "")),
  );
  expect(missing).toEqual([]);
});
