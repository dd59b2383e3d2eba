import { expect, test } from "vitest";
import type { Logger } from "../../../foundation/base/logger.js";
import type { OutboundClient } from "../../../foundation/base/outbound-client.js";
import type { AlertRecord } from "../../../foundation/contracts/monitoring-store.js";
import { conditionsOf } from "./conditions.js";
import { grafanaDashboard } from "./grafana-dashboard.js";
import { notifyAll, webhookBody, webhookNotifier } from "./notifiers.js";
import { prometheusRules } from "./prometheus-rules.js";

const alert: AlertRecord = {
  ...{
    model: "churn",
    key: "drift/input",
    severity: "ticket",
    message: "Inputs have changed: age.",
    evidence: {},
  },
  ...{ firstAt: 1, lastAt: 2, times: 2, notifiedAt: 2, resolvedAt: null },
};

test("a webhook gets every alert as text and as data; one that fails keeps no other from telling", async () => {
  const sent: string[] = [];
  const client = (status: number): OutboundClient => ({
    request: async (url, request) => {
      sent.push(new TextDecoder().decode(request!.body));
      const body = { destroy: () => undefined } as unknown as NodeJS.ReadableStream & { destroy(): void };
      return { status, url, headers: {}, body };
    },
    download: () => Promise.reject(new Error("not asked for")),
  });
  const logged: string[] = [];
  const logger: Logger = { log: (level, message) => void logged.push(`${level} ${message}`) };
  const notifiers = [500, 204].map((status) =>
    webhookNotifier("https://example.org/hook", client(status), "en"),
  );
  await notifyAll(notifiers, [alert], logger);
  expect(sent).toHaveLength(2);
  expect(JSON.parse(sent[1]!)).toEqual({
    text: "[ticket] churn: Inputs have changed: age.",
    alerts: [alert],
  });
  expect(logged).toEqual(["error Alerts could not be told."]);
  await notifyAll(notifiers, [], logger);
  expect(sent).toHaveLength(2);
});

test("labels of a class that the model does not know are an alert that names them", () => {
  const nothing = { drift: null, performance: null, estimated: null };
  const sealed = { rows: 0, segments: 0, damaged: 0 };
  const classes = [
    { label: "maybe", rows: 3 },
    { label: "later", rows: 1 },
  ];
  expect(conditionsOf({ ...nothing, sealed, unknownClasses: [] }, "en")).toEqual([]);
  const [condition] = conditionsOf({ ...nothing, sealed, unknownClasses: classes }, "en");
  expect(condition).toMatchObject({ key: "labels-unknown", severity: "ticket", evidence: { classes } });
  expect(condition!.message).toContain("4 labels name classes that the model does not know");
  expect(condition!.message).toContain('"maybe" (3), "later" (1)');
});

test("in Chinese alerts, chat messages, rules and panels have no English sentence", async () => {
  const figure = { value: 0.6, low: 0.5, high: 0.7 };
  const reference = { value: 0.8, low: 0.7, high: 0.9 };
  const metric = {
    name: "auc",
    title: "ROC AUC",
    direction: "maximize",
    ...figure,
    rows: 90,
    reference,
  } as const;
  const check = {
    test: "ks",
    check: "distribution",
    kind: "number",
    pValue: 0,
    adjusted: 0,
    effect: 1,
  } as const;
  const columns = ["a", "b", "c", "d", "e", "f", null];
  const observed: Parameters<typeof conditionsOf>[0] = {
    performance: {
      ...{ labelled: 90, coverage: 1, delayMs: { median: 1, p90: 2 } },
      metrics: [{ ...metric, pValue: 0, alarm: true }],
    },
    estimated: {
      ...{ metric: "auc", method: "calibrated-probabilities", ...figure, reference: 0.8, rows: 90 },
      validity: { rows: 90, estimated: 0.8, realised: 0.6, verdict: "contradicted" },
    },
    drift: {
      ...{ referenceRows: 100, currentRows: 90, level: 0.01, alarm: true, columns: [] },
      checks: (["input", "prediction"] as const).flatMap((role) =>
        columns.map((column) => ({ ...check, column, role, leastEffect: 0.1, alarm: true, examples: [] })),
      ),
    },
    unknownClasses: [{ label: "maybe", rows: 3 }],
    sealed: { rows: 0, segments: 0, damaged: 2 },
  };
  const conditions = conditionsOf(observed, "zh");
  expect(conditions.map(({ key }) => key)).toEqual(conditionsOf(observed, "en").map(({ key }) => key));
  expect(conditions).toHaveLength(6);
  const records = conditions.map((one) => ({ ...alert, ...one }));
  const english = /[A-Za-z]+ [a-z]+ [a-z]+/;
  const { text } = JSON.parse(webhookBody(records, "zh")) as { text: string };
  expect(text.split("\n")).toHaveLength(6);
  expect(text).not.toMatch(english);
  expect(conditions[0]!.message).toContain("ROC 曲线下面积");
  const summaries = prometheusRules("zh").match(/summary: .*/g)!;
  expect(summaries).toHaveLength(prometheusRules("en").match(/summary: .*/g)!.length);
  for (const summary of summaries) expect(summary).toMatch(/\p{Script=Han}/u);
  const { panels } = JSON.parse(grafanaDashboard("zh")) as { panels: { title: string }[] };
  for (const { title } of panels) expect(title).toMatch(/\p{Script=Han}/u);
});

test("the dashboard is JSON whose panels lie side by side without overlap", () => {
  const { panels } = JSON.parse(grafanaDashboard("en")) as {
    panels: { gridPos: { x: number; y: number }; targets: unknown[] }[];
  };
  const places = panels.map(({ gridPos: { x, y } }) => `${x}/${y}`);
  expect(new Set(places).size).toBe(panels.length);
  expect(panels.every(({ targets }) => targets.length > 0)).toBe(true);
});
