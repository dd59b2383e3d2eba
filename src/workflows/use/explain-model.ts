import { createTransforms } from "../../capabilities/features/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { createRandom } from "../../foundation/base/random.js";
import { type Importance, importanceSchema } from "../../foundation/contracts/evaluation.js";
import type { ExplanationBasis } from "../../foundation/contracts/explanation.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import type { Model } from "../../foundation/contracts/store.js";
import { tabularTask } from "../../foundation/contracts/structured.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { explainFrame } from "./explain-rows.js";
import { openExplainer, readExplainerAsset } from "./open-explainer.js";
import { type OpenModel, withModel } from "./open-model.js";

export interface ModelExplanation {
  readonly model: string;
  readonly version: number;
  /** Absent for a bundle given by its path. */
  readonly trainer: string | null;
  /** The metric in whose unit `permutation` is. */
  readonly metric: string | null;
  /** What `contribution` rests on; null where the bundle keeps no training rows. */
  readonly basis: ExplanationBasis | null;
  /** Most important first. */
  readonly columns: readonly {
    readonly name: string;
    /**
     * How much worse the metric gets on validation rows when the column is shuffled, with its 95 % interval; null for a
     * bundle given by its path.
     */
    readonly permutation: number | null;
    readonly low: number | null;
    readonly high: number | null;
    /** Share of the trainer's own importance; null where it has none. */
    readonly model: number | null;
    /** Mean |Shapley value| over the training rows that the bundle keeps, in the unit of the basis. */
    readonly contribution: number | null;
  }[];
}

/** The model is asked about this many rows, against this many, where it must be asked. */
const ASKED_ROWS = 32;
const ASKED_BACKGROUND_ROWS = 16;

/** Which columns a model uses. @throws QuernError MODEL_NOT_FOUND, BUNDLE_INVALID, UNSUPPORTED */
export function explainModel(
  request: { readonly model: string },
  options: WorkflowOptions = {},
): Promise<ModelExplanation> {
  const context = workflowContext(options);
  return withModel(request.model, context, options, async (model) => {
    const { manifest } = model.bundle;
    tabularTask(manifest.task, "Explaining");
    const recorded = recordedImportance(model.record);
    const { basis, contributions } = await meanContributions(model);
    if (!recorded && !basis) {
      throw new QuernError(
        "UNSUPPORTED",
        `${manifest.name}@${manifest.version} was registered without an evaluation and keeps no training rows, so there is nothing to explain.`,
      );
    }
    const own = (model.record?.document.columnImportance ?? {}) as Record<string, number>;
    const measured = new Map(recorded?.importance.map((one) => [one.feature, one]));
    const names = new Set([...measured.keys(), ...contributions.keys()]);
    const columns = Array.from(names, (name) => ({
      name,
      permutation: measured.get(name)?.value ?? null,
      low: measured.get(name)?.low ?? null,
      high: measured.get(name)?.high ?? null,
      model: Object.hasOwn(own, name) ? own[name]! : null,
      contribution: contributions.get(name) ?? null,
    }));
    return {
      model: manifest.name,
      version: manifest.version,
      trainer: model.record ? String(model.record.document.trainer) : null,
      metric: recorded?.metric ?? null,
      basis,
      columns,
    };
  });
}

function recordedImportance(
  record: Model | undefined,
): { metric: string; importance: readonly Importance[] } | undefined {
  const evaluation = record?.document.evaluation as { metric?: unknown; importance?: unknown } | undefined;
  const parsed = importanceSchema.array().safeParse(evaluation?.importance);
  return parsed.success ? { metric: String(evaluation?.metric), importance: parsed.data } : undefined;
}

async function meanContributions({ bundle }: OpenModel): Promise<{
  basis: ExplanationBasis | null;
  contributions: ReadonlyMap<string, number>;
}> {
  if (!readExplainerAsset(bundle)?.background) return { basis: null, contributions: new Map() };
  const explainer = await openExplainer(bundle, {
    hostTransforms: createTransforms(),
    method: "auto",
    coalitions: 1,
    random: createRandom("explain"),
    backgroundRows: ASKED_BACKGROUND_ROWS,
  });
  try {
    const kept = explainer.background!;
    const asked = explainer.basis.method === "permutation";
    const count = Math.min(kept.rows, asked ? ASKED_ROWS : kept.rows);
    // From the end: the first ones are what they are compared with.
    const rows = takeRows(
      kept,
      Int32Array.from({ length: count }, (_, k) => kept.rows - count + k),
    );
    const { meanAbsolute } = await explainFrame(bundle, explainer, rows, {});
    return {
      basis: explainer.basis,
      contributions: new Map(meanAbsolute.map(({ column, value }) => [column, value])),
    };
  } finally {
    await explainer.close();
  }
}
