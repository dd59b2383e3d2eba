import { chooseForLabels, placesOf } from "../../capabilities/monitoring/label-queue/choose-for-labels.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import type { LabelQueueSettings } from "../../foundation/contracts/label-queue.js";
import type { MonitorResult } from "../../foundation/contracts/monitoring.js";
import type { Store } from "../../foundation/contracts/store.js";
import type { WatchedRows } from "./watched-rows.js";

/** Offers the rows of a window that are worth a label to the model's queue. */
export async function fillLabelQueue(
  rows: WatchedRows,
  reference: Frame,
  { name, version, outputs }: Manifest,
  settings: LabelQueueSettings,
  { labels: queue }: Pick<Store, "labels">,
): Promise<MonitorResult["queue"]> {
  const { ids, at, inputs, predictions, labels } = rows;
  if (!ids || !at || settings.capacity === 0) return null;
  const classes = outputs.kind === "classes" ? outputs.classes : [];
  const labelled = new Set(labels.rows);
  const candidates = chooseForLabels(
    { version, ids, at, inputs, predictions, classes, labelled },
    reference,
    settings,
  );
  const changes = await queue.offer(name, candidates, placesOf(settings));
  return { ...changes, waiting: (await queue.counts(name)).waiting };
}
