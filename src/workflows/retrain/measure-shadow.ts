import { verifyBundle } from "../../capabilities/bundles/index.js";
import { indexOfLargest } from "../../foundation/base/largest.js";
import type { ShadowStatus } from "../../foundation/contracts/retrain.js";
import type { Store } from "../../foundation/contracts/store.js";
import { type Predictions, takeTarget } from "../../foundation/contracts/target.js";
import type { WorkflowContext } from "../context.js";
import { loggedRows, takePredicted } from "../watch/watched-rows.js";
import { championMetric, comparePredictions } from "./compare-versions.js";

/** Fewer labels tell nothing even with an interval. */
const FEWEST_LABELS = 20;
const NEARLY = 0.01;

/** What a candidate said to the rows that the champion answered since `startedAt`; joined by prediction id. */
export async function measureShadow(
  {
    name,
    candidate,
    champion,
  }: { readonly name: string; readonly candidate: number; readonly champion: number },
  startedAt: number,
  store: Store,
  context: WorkflowContext,
): Promise<ShadowStatus> {
  const rowsOf = async (version: number, role: "live" | "shadow") => {
    const { manifest } = verifyBundle(await store.models.folder(`${name}@${version}`));
    const span = { from: startedAt, to: context.clock.now() + 1 };
    return loggedRows(manifest, { ...span, role, withInputs: false }, store, context);
  };
  const [live, shadow] = [await rowsOf(champion, "live"), await rowsOf(candidate, "shadow")];
  const places = new Map(shadow.ids!.map((id, row) => [id, row]));
  const shared = live.ids!.flatMap((id, row) => {
    const place = places.get(id);
    return place === undefined ? [] : [{ live: row, shadow: place }];
  });
  const before = takePredicted(
    live.predictions,
    shared.map((one) => one.live),
  );
  const own = takePredicted(
    shadow.predictions,
    shared.map((one) => one.shadow),
  );
  return {
    startedAt,
    rows: shared.length,
    agreement: shared.length === 0 ? null : agreementOf(before, own, shared.length),
    comparison: await comparisonOf(),
  };

  async function comparisonOf(): Promise<ShadowStatus["comparison"]> {
    const shadowPlaces = new Map(shared.map((one) => [one.live, one.shadow]));
    const positions = Array.from(live.labels.rows.keys()).filter((position) =>
      shadowPlaces.has(live.labels.rows[position]!),
    );
    if (positions.length < FEWEST_LABELS) return null;
    const rows = positions.map((position) => live.labels.rows[position]!);
    const target = takeTarget(live.labels.target, positions);
    const record = await store.models.get(`${name}@${champion}`);
    return comparePredictions(
      await championMetric(record, target.task, [], context),
      {
        target,
        predictions: takePredicted(
          shadow.predictions,
          rows.map((row) => shadowPlaces.get(row)!),
        ),
      },
      { name: `${name}@${champion}`, predictions: takePredicted(live.predictions, rows) },
      context,
    );
  }
}

/** Classes by the likeliest one, numbers within one percent. */
function agreementOf(a: Predictions, b: Predictions, rows: number): number {
  let same = 0;
  for (let row = 0; row < rows; row++) {
    if (a.kind === "probabilities" && b.kind === "probabilities") {
      if (likeliest(a, row) === likeliest(b, row)) same += 1;
    } else {
      const [left, right] = [a.values[row]!, b.values[row]!];
      if (Math.abs(left - right) <= NEARLY * Math.max(Math.abs(left), Math.abs(right))) same += 1;
    }
  }
  return same / rows;
}

function likeliest(
  { values, classes }: Extract<Predictions, { kind: "probabilities" }>,
  row: number,
): number {
  return indexOfLargest(values, row * classes, classes);
}
