import type { Language } from "../../../engines/pages/texts.js";
import type { Logger } from "../../../foundation/base/logger.js";
import type { OutboundClient } from "../../../foundation/base/outbound-client.js";
import type { AlertRecord } from "../../../foundation/contracts/monitoring-store.js";
import { alertTexts } from "./texts.js";

/** Tells people. May fail: the alert stays in the store and in the result either way. */
export interface Notifier {
  readonly name: string;
  notify(alerts: readonly AlertRecord[]): Promise<void>;
}

export function logNotifier(logger: Logger): Notifier {
  return {
    name: "log",
    async notify(alerts) {
      for (const { model, key, severity, message, times } of alerts)
        logger.log(severity === "info" ? "info" : "warn", message, { model, alert: key, severity, times });
    },
  };
}

/** The body a webhook receives: readable as a chat message (`text`), complete for programs (`alerts`). */
export function webhookBody(alerts: readonly AlertRecord[], language: Language): string {
  const texts = alertTexts(language);
  const lines = alerts.map(({ model, severity, message }) => texts.line(texts[severity], model, message));
  return JSON.stringify({ text: lines.join("\n"), alerts });
}

export function webhookNotifier(url: string, client: OutboundClient, language: Language): Notifier {
  return {
    name: "webhook",
    async notify(alerts) {
      const response = await client.request(url, {
        method: "POST",
        headers: { "content-type": "application/json; charset=utf-8" },
        body: new TextEncoder().encode(webhookBody(alerts, language)),
      });
      response.body.destroy();
      if (response.status < 200 || response.status > 299)
        throw new Error(`The webhook answered with status ${response.status}.`);
    },
  };
}

/** Each notifier gets every alert; one that fails is logged and keeps no other from telling. */
export async function notifyAll(
  notifiers: readonly Notifier[],
  alerts: readonly AlertRecord[],
  logger: Logger,
): Promise<void> {
  if (alerts.length === 0) return;
  for (const notifier of notifiers) {
    try {
      await notifier.notify(alerts);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      logger.log("error", "Alerts could not be told.", { notifier: notifier.name, reason });
    }
  }
}
