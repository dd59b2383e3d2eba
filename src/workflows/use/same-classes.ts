import { QuernError } from "../../foundation/base/errors.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { Target } from "../../foundation/contracts/target.js";

/** Answers are compared class by class. @throws QuernError TARGET_UNUSABLE where a model has other classes than the target */
export function requireSameClasses(reference: string, { outputs }: Manifest, target: Target): void {
  const classes = outputs.kind === "classes" ? outputs.classes : [];
  const known = target.task === "regression" ? [] : target.classes;
  if (classes.length === known.length && classes.every((name, index) => name === known[index])) return;
  throw new QuernError(
    "TARGET_UNUSABLE",
    `${reference} predicts ${classes.join(", ") || "numbers"}, not ${known.join(", ") || "numbers"}.`,
    { hint: "Models whose classes differ cannot be compared; evaluate each by itself." },
  );
}
