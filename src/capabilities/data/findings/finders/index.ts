import type { Finder } from "../../../../foundation/contracts/finder.js";
import { classBalance } from "./class-balance.js";
import { conflictingLabels } from "./conflicting-labels.js";
import { constantColumns } from "./constant-columns.js";
import { dateAsText } from "./date-as-text.js";
import { duplicateRows } from "./duplicate-rows.js";
import { groupLeak } from "./group-leak.js";
import { highCardinality } from "./high-cardinality.js";
import { idLikeColumns } from "./id-like-columns.js";
import { missingPredictsTarget } from "./missing-predicts-target.js";
import { missingValues } from "./missing-values.js";
import { mixedTypes } from "./mixed-types.js";
import { nearDuplicates } from "./near-duplicates.js";
import { nestedValues } from "./nested-values.js";
import { outliers } from "./outliers.js";
import { placeholderValues } from "./placeholder-values.js";
import { postOutcomeTime } from "./post-outcome-time.js";
import { redundantColumns } from "./redundant-columns.js";
import { spellingVariants } from "./spelling-variants.js";
import { splitDuplicates } from "./split-duplicates.js";
import { splitShift } from "./split-shift.js";
import { targetLeak } from "./target-leak.js";
import { targetValues } from "./target-values.js";
import { timeLeak } from "./time-leak.js";
import { unreadableCells } from "./unreadable-cells.js";
import { unreadablePictures } from "./unreadable-pictures.js";

/** Every built-in finder, in the order in which findings of equal severity are shown. */
export const FINDERS: readonly Finder[] = [
  targetLeak,
  postOutcomeTime,
  missingPredictsTarget,
  splitDuplicates,
  groupLeak,
  timeLeak,
  splitShift,
  duplicateRows,
  conflictingLabels,
  nearDuplicates,
  targetValues,
  classBalance,
  spellingVariants,
  idLikeColumns,
  constantColumns,
  missingValues,
  unreadableCells,
  unreadablePictures,
  mixedTypes,
  nestedValues,
  dateAsText,
  placeholderValues,
  highCardinality,
  redundantColumns,
  outliers,
];
