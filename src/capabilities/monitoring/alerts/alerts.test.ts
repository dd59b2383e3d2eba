import { expect, test } from "vitest";
import type { Logger } from "../../../foundation/base/logger.js";
import type { OutboundClient } from "../../../foundation/base/outbound-client.js";
import type { AlertRecord } from "../../../foundation/contracts/monitoring-store.js";
import { conditionsOf } from "./conditions.js";
import { grafanaDashboard } from "./grafana-dashboard.js";
import { notifyAll, webhookNotifier } from "./notifiers.js";

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
  const notifiers = [500, 204].map((status) => webhookNotifier("https://example.org/hook", client(status)));
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
  expect(conditionsOf({ ...nothing, sealed, unknownClasses: [] })).toEqual([]);
  const [condition] = conditionsOf({ ...nothing, sealed, unknownClasses: classes });
  expect(condition).toMatchObject({ key: "labels-unknown", severity: "ticket", evidence: { classes } });
  expect(condition!.message).toContain("4 labels name classes that the model does not know");
  expect(condition!.message).toContain('"maybe" (3), "later" (1)');
});

test("the dashboard is JSON whose panels lie side by side without overlap", () => {
  const { panels } = JSON.parse(grafanaDashboard()) as {
    panels: { gridPos: { x: number; y: number }; targets: unknown[] }[];
  };
  const places = panels.map(({ gridPos: { x, y } }) => `${x}/${y}`);
  expect(new Set(places).size).toBe(panels.length);
  expect(panels.every(({ targets }) => targets.length > 0)).toBe(true);
});
