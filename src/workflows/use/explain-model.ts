import { QuernError } from "../../foundation/base/errors.js";
import { evaluationSchema } from "../../foundation/contracts/evaluation.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { storeFolder, withStore } from "../locate-store.js";

export interface ModelExplanation {
  readonly model: string;
  readonly version: number;
  readonly trainer: string;
  /** The metric in whose unit `permutation` is. */
  readonly metric: string;
  /** Most important first. */
  readonly columns: readonly {
    readonly name: string;
    /** How much worse the metric gets on validation rows when the column is shuffled, with its 95 % interval. */
    readonly permutation: number;
    readonly low: number | null;
    readonly high: number | null;
    /** Share of the trainer's own importance; null where it has none. */
    readonly model: number | null;
  }[];
}

/** Which columns a registered model uses, as measured when it was trained. @throws QuernError MODEL_NOT_FOUND */
export async function explainModel(
  request: { readonly model: string },
  options: WorkflowOptions = {},
): Promise<ModelExplanation> {
  const record = await withStore(storeFolder(options), workflowContext(options), (store) =>
    store.models.get(request.model),
  );
  const parsed = evaluationSchema.safeParse(record.document.evaluation);
  if (!parsed.success) {
    throw new QuernError(
      "UNSUPPORTED",
      `${record.name}@${record.version} was registered without an evaluation, so there is nothing to explain.`,
    );
  }
  const own = (record.document.columnImportance ?? {}) as Record<string, number>;
  return {
    model: record.name,
    version: record.version,
    trainer: String(record.document.trainer),
    metric: parsed.data.metric,
    columns: parsed.data.importance.map(({ feature, value, low, high }) => ({
      name: feature,
      permutation: value,
      low: low ?? null,
      high: high ?? null,
      model: Object.hasOwn(own, feature) ? own[feature]! : null,
    })),
  };
}
