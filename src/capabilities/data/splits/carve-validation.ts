import type { Split } from "../../../foundation/contracts/split.js";
import { PART, type SplitInput, takeInput } from "./split-input.js";
import { stratifiedParts } from "./stratified.js";
import { groupParts } from "./threshold.js";
import { timeParts } from "./time.js";

/**
 * Moves a share of a split's training rows to its validation part, for splits that have none (folds, split
 * columns without one). Groups do not cross and later rows validate where `groups` or `times` are given.
 * @param share of the training rows, in (0, 1)
 * @param input of all rows of the dataset, as given to `makeSplits`
 */
export function carveValidation(split: Split, share: number, input: SplitInput): Split {
  const own = takeInput({ ...input, seed: `${input.seed}/${split.name}/validation` }, split.train);
  const shares = { train: 1 - share, validation: 0, test: share };
  const parts = own.groups
    ? groupParts({ kind: "group", group: "group", ...shares }, own)
    : own.times
      ? timeParts({ kind: "time", time: "time", ...shares }, own)
      : stratifiedParts(shares, own);
  return {
    ...split,
    train: split.train.filter((_, i) => parts[i] !== PART.test),
    validation: split.train.filter((_, i) => parts[i] === PART.test),
  };
}
