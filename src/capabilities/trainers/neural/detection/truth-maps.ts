/** What a detector is to say at every place of a picture, given the boxes in it. */
import type { Corners } from "../vision/augment-scene.js";

/** An object of a picture as it is placed. */
export interface PlacedBox {
  /** Index of the class. */
  readonly label: number;
  readonly corners: Corners;
  /** Many objects, or one that is hardly to be seen: to say something here is neither right nor wrong. */
  readonly isUndecided: boolean;
}

/** Maps of one picture, row-major over rows and columns of places. */
export interface TruthMaps {
  /** [classes, places]: 1 at the middle of an object, less around it. */
  readonly heat: Float32Array;
  /** [4, places]: from the middle of the place to left, top, right and bottom, in places. */
  readonly reaches: Float32Array;
  /** [places]: how much the reaches count; the sum over an object is 1. */
  readonly weights: Float32Array;
}

/** Share of a box over which its middle spreads (Liu et al., 2020). */
const SPREAD = 0.54;
/** So close to 1 that its loss is nothing, and no middle all the same. */
const UNDECIDED = 0.9999;

/** Fills maps that hold zeros. Where objects meet, the places are those of the smaller one. */
export function writeTruthMaps(
  boxes: readonly PlacedBox[],
  { rows, columns }: { readonly rows: number; readonly columns: number },
  maps: TruthMaps,
): void {
  const area = ({ corners: [left, top, right, bottom] }: PlacedBox) => (right - left) * (bottom - top);
  const places = rows * columns;
  for (const box of [...boxes].sort((a, b) => area(b) - area(a))) {
    const heat = maps.heat.subarray(box.label * places, (box.label + 1) * places);
    const [left, top, right, bottom] = box.corners;
    const span = {
      left: left * columns,
      right: right * columns,
      top: top * rows,
      bottom: bottom * rows,
    };
    if (box.isUndecided) writeUndecided(span, { rows, columns }, heat);
    else writeObject(span, { rows, columns }, heat, maps);
  }
}

interface Grid {
  readonly rows: number;
  readonly columns: number;
}
/** Of a box, in places. */
interface Span {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function writeUndecided(
  { left, right, top, bottom }: Span,
  { rows, columns }: Grid,
  heat: Float32Array,
): void {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  for (let row = within(Math.floor(top), rows); row < within(Math.ceil(bottom), rows); row++) {
    for (
      let column = within(Math.floor(left), columns);
      column < within(Math.ceil(right), columns);
      column++
    ) {
      const at = row * columns + column;
      heat[at] = Math.max(heat[at]!, UNDECIDED);
    }
  }
}

function writeObject(span: Span, { rows, columns }: Grid, heat: Float32Array, maps: TruthMaps): void {
  const places = rows * columns;
  const { left, right, top, bottom } = span;
  const place = (middle: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor(middle)));
  const [centreRow, centreColumn] = [place((top + bottom) / 2, rows), place((left + right) / 2, columns)];
  // A Gaussian that falls to three deviations at the end of the spread.
  const [reachX, reachY] = [(SPREAD * (right - left)) / 2, (SPREAD * (bottom - top)) / 2];
  const [deviationX, deviationY] = [Math.max(reachX / 3, 0.1), Math.max(reachY / 3, 0.1)];
  const touched: [number, number][] = [];
  for (let row = centreRow - Math.floor(reachY); row <= centreRow + Math.floor(reachY); row++) {
    for (
      let column = centreColumn - Math.floor(reachX);
      column <= centreColumn + Math.floor(reachX);
      column++
    ) {
      if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
      const [dx, dy] = [(column - centreColumn) / deviationX, (row - centreRow) / deviationY];
      const value = Math.exp(-(dx * dx + dy * dy) / 2);
      const at = row * columns + column;
      heat[at] = Math.max(heat[at]!, value);
      touched.push([at, value]);
      const [x, y] = [column + 0.5, row + 0.5];
      maps.reaches[at] = x - left;
      maps.reaches[places + at] = y - top;
      maps.reaches[2 * places + at] = right - x;
      maps.reaches[3 * places + at] = bottom - y;
    }
  }
  const sum = touched.reduce((total, [, value]) => total + value, 0);
  for (const [at, value] of touched) maps.weights[at] = value / sum;
}
