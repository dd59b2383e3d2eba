import { QuernError } from "../../foundation/base/errors.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type {
  Feedback,
  FeedbackAnswer,
  MonitoringStore,
  RefusedFeedback,
  UnknownClass,
} from "../../foundation/contracts/monitoring-store.js";

/**
 * Takes labels in. One that can never be a truth of the model, such as a text for a number, is refused by itself: the
 * others are kept. A class that the model does not know is kept and named: it may be new in the world, and the version
 * that is trained next will know it.
 * @param model its name
 * @throws QuernError REQUEST_INVALID where not one can be taken, DISK_FULL, STORE_BUSY
 */
export async function takeFeedback(
  monitoring: Pick<MonitoringStore, "addFeedback">,
  model: string,
  feedback: readonly Feedback[],
  outputs: Manifest["outputs"],
): Promise<FeedbackAnswer> {
  const refused = feedback.flatMap((record, index) => refusalOf(record, index, outputs));
  const [first] = refused;
  if (first && refused.length === feedback.length)
    throw new QuernError("REQUEST_INVALID", `No label of ${model} can be taken: ${first.message}`, {
      details: { refused: refused.slice(0, 100) },
      hint: first.hint,
    });
  const without = new Set(refused.map(({ index }) => index));
  const taken = feedback.filter((_, index) => !without.has(index));
  const receipt = await monitoring.addFeedback(model, taken);
  const unknownClasses = countUnknown(
    taken.map(({ actual }) => actual),
    outputs,
  );
  return { ...receipt, refused, unknownClasses };
}

function refusalOf(
  { id, actual }: Feedback,
  index: number,
  { kind }: Manifest["outputs"],
): readonly RefusedFeedback[] {
  const where = `feedback[${index}].actual of prediction ${JSON.stringify(id)}`;
  if (kind === "classes" && actual.trim() === "")
    return [{ index, id, message: `${where} is empty.`, hint: "Give the class, or leave the record out." }];
  if (kind !== "value" || isNumber(actual)) return [];
  const message = `${where} is ${JSON.stringify(actual.slice(0, 100))}; the model predicts a number.`;
  return [{ index, id, message, hint: "Give a finite number, such as 12.5." }];
}

/** As what is kept is read: a text of JavaScript's number form. */
export function isNumber(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}

/** Labels that name no class of the model, most frequent first. Empty for models that do not choose a class. */
export function countUnknown(labels: Iterable<string>, outputs: Manifest["outputs"]): UnknownClass[] {
  if (outputs.kind !== "classes") return [];
  const known = new Set(outputs.classes);
  const rows = new Map<string, number>();
  for (const label of labels) if (!known.has(label)) rows.set(label, (rows.get(label) ?? 0) + 1);
  return [...rows].map(([label, count]) => ({ label, rows: count })).sort((a, b) => b.rows - a.rows);
}
