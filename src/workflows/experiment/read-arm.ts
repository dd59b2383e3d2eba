import { verifyBundle } from "../../capabilities/bundles/index.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { Store } from "../../foundation/contracts/store.js";
import type { Predictions, Target } from "../../foundation/contracts/target.js";
import type { WorkflowContext } from "../context.js";
import { loggedRows, takePredicted } from "../watch/watched-rows.js";

/** What one version did in an experiment or bandit. */
export interface Arm {
  readonly version: number;
  readonly manifest: Manifest;
  readonly predictions: number;
  /** Everybody it was chosen for. */
  readonly units: ReadonlySet<string>;
  /** One a labelled prediction, in the same order. */
  readonly labelled: {
    readonly units: readonly string[];
    readonly predictions: Predictions;
    readonly target: Target;
  };
}

export interface ArmRequest {
  /** `name@3` or `name@champion`. */
  readonly reference: string;
  /** Id of the experiment or bandit. */
  readonly experiment: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

/** Rows of one version beyond these are left out, oldest first; ten numbers each are held in memory. */
const MOST_ROWS = 5_000_000;

/** Reads the log and the feedback of one version. Labels of rows that somebody chose to label say nothing here. */
export async function readArm(
  { reference, experiment, startedAt }: ArmRequest,
  store: Store,
  context: WorkflowContext,
): Promise<Arm> {
  const { version } = await store.models.get(reference);
  const { manifest } = verifyBundle(await store.models.folder(reference));
  const rows = await loggedRows(
    manifest,
    { from: startedAt, to: context.clock.now() + 1, experiment, withInputs: false, maximumRows: MOST_ROWS },
    store,
    context,
  );
  const units = rows.units ?? [];
  return {
    version,
    manifest,
    predictions: units.length,
    units: new Set(units),
    labelled: {
      units: Array.from(rows.labels.rows, (row) => units[row]!),
      predictions: takePredicted(rows.predictions, rows.labels.rows),
      target: rows.labels.target,
    },
  };
}
