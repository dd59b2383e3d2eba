/** Which answered boxes are right at one overlap: for precision, recall and the worst pictures. */
import { indexOfLargest } from "../../../foundation/base/largest.js";
import type { PictureBox } from "../../../foundation/contracts/structured.js";
import type { BoxesAnswer } from "../../../foundation/contracts/structured-answers.js";
import { type Box, overlap } from "./boxes.js";

/** Pascal VOC's (Everingham et al., 2010). */
const LEAST_OVERLAP = 0.5;

/** One answered box of a picture. */
export interface MatchedBox {
  readonly label: string;
  readonly score: number;
  readonly isRight: boolean;
}

const boxOf = ({ x, y, width, height }: PictureBox): Box => [x, y, width, height];

/** The surest first; each takes the free object of its label that it overlaps most. Boxes on crowds are left out. */
export function matchBoxes(
  truth: readonly PictureBox[],
  { boxes }: BoxesAnswer,
  labels: readonly string[],
): MatchedBox[] {
  const taken = new Set<PictureBox>();
  return [...boxes]
    .sort((a, b) => b.score - a.score)
    .flatMap(({ label, score, box }) => {
      const same = truth.filter((one) => labels[one.label] === label);
      const free = same.filter((one) => !one.isCrowd && !taken.has(one));
      const overlaps = free.map((one) => overlap(boxOf(one), box));
      const best = indexOfLargest(overlaps);
      const isRight = best >= 0 && overlaps[best]! >= LEAST_OVERLAP;
      if (isRight) taken.add(free[best]!);
      const isOnCrowd = !isRight && same.some((one) => one.isCrowd && overlap(boxOf(one), box) > 0);
      return isOnCrowd ? [] : [{ label, score, isRight }];
    });
}

/** The least score at which F1 over all boxes is greatest; 0.5 without boxes. */
export function bestThreshold(matched: readonly MatchedBox[], objects: number): number {
  const ranked = [...matched].sort((a, b) => b.score - a.score);
  let [best, threshold, right] = [0, 0.5, 0];
  for (const [k, { isRight, score }] of ranked.entries()) {
    if (isRight) right++;
    const f1 = (2 * right) / (k + 1 + objects);
    if (f1 > best) [best, threshold] = [f1, score];
  }
  return threshold;
}
