/** Maps of networks over a picture as parts of one size. */

/** Row by row, at least 0. */
export interface ActivationGrid {
  readonly height: number;
  readonly width: number;
  readonly values: ArrayLike<number>;
}

/** Parts down and across: twice as fine as those that are covered, as they cost nothing. */
export const ACTIVATION_SIDE = 14;

/** The sum of the maps, between whose places is interpolated (bilinear, from their middles). */
export function activationPatches(grids: readonly ActivationGrid[]): { side: number; weights: number[] } {
  const side = ACTIVATION_SIDE;
  const weights = Array.from({ length: side * side }, (_, part) => {
    const [down, across] = [(Math.floor(part / side) + 0.5) / side, ((part % side) + 0.5) / side];
    return grids.reduce((sum, grid) => sum + valueAt(grid, down, across), 0);
  });
  return { side, weights };
}

/** At a place given in shares of the picture; beyond the outer middles it stays what it is there. */
function valueAt({ height, width, values }: ActivationGrid, down: number, across: number): number {
  const [top, bottom, below] = neighbours(down, height);
  const [left, right, beside] = neighbours(across, width);
  const row = (y: number) => (1 - beside) * values[y * width + left]! + beside * values[y * width + right]!;
  return (1 - below) * row(top) + below * row(bottom);
}

function neighbours(share: number, places: number): readonly [first: number, second: number, weight: number] {
  const place = Math.min(places - 1, Math.max(0, share * places - 0.5));
  const first = Math.floor(place);
  return [first, Math.min(places - 1, first + 1), place - first];
}
