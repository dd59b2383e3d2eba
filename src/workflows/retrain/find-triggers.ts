import type { MonitorResult } from "../../foundation/contracts/monitoring.js";
import type { RetrainPolicy, TriggerFinding } from "../../foundation/contracts/retrain.js";
import { spanMs } from "../../foundation/contracts/span.js";
import type { Model, Store } from "../../foundation/contracts/store.js";

/** Checks of data quality rather than of what people do. */
const QUALITY_CHECKS: ReadonlySet<unknown> = new Set(["missing", "unseen", "range"]);

/** What speaks for training again now; empty: nothing. */
export async function findTriggers(
  champion: Model,
  policy: RetrainPolicy,
  { alerts }: Pick<MonitorResult, "alerts">,
  store: Store,
  now: number,
): Promise<TriggerFinding[]> {
  const found: TriggerFinding[] = [];
  const decisions = await store.monitoring.decisions(champion.name);
  const last = decisions.find(({ kind }) => kind === "retrain");
  const since = Math.max(champion.createdAt, last?.decidedAt ?? 0);
  if (policy.every !== undefined && now - since >= spanMs(policy.every))
    found.push({ trigger: "schedule", reason: `The last training is more than ${policy.every} ago.` });
  for (const { key, message, evidence } of alerts) {
    const lost = key.startsWith("performance/") || key === "estimate-contradicted";
    if (lost && policy.onPerformance) found.push({ trigger: "performance", reason: message });
    if (key.startsWith("drift/") && policy.onDrift)
      found.push({ trigger: isQuality(evidence.checks) ? "quality" : "drift", reason: message });
  }
  if (policy.newLabels !== undefined) {
    const labels = await store.monitoring.feedbackRows(champion.name);
    const known = Number(last?.evidence.labels ?? 0);
    if (labels - known >= policy.newLabels)
      found.push({ trigger: "labels", reason: `${labels - known} labels came since the last decision.` });
  }
  return found;
}

function isQuality(checks: unknown): boolean {
  return Array.isArray(checks) && checks.every(({ check }) => QUALITY_CHECKS.has(check));
}
