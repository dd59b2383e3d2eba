const GOLDEN = 0.3819660112501051;
const TOLERANCE = 1e-9;
const MAXIMUM_STEPS = 200;

/**
 * Minimum of a function of one variable: walks downhill from [low, high] until it brackets a minimum, then
 * R. Brent's method (1973, "Algorithms for Minimization without Derivatives", chapter 5). Infinite values
 * are taken as walls.
 */
export function minimize(f: (x: number) => number, low: number, high: number): number {
  const [left, right] = bracket(f, low, high);
  return brent(f, left, right);
}

/** Widens downhill, at most to forty times the first interval. */
function bracket(f: (x: number) => number, low: number, high: number): [number, number] {
  const width = high - low;
  let left = low;
  let right = high;
  for (let step = 0; step < 5; step++) {
    const atLeft = f(left);
    const atRight = f(right);
    const atMiddle = f((left + right) / 2);
    if (atMiddle <= atLeft && atMiddle <= atRight) break;
    if (atLeft < atRight) left -= width * 2 ** step;
    else right += width * 2 ** step;
  }
  return [left, right];
}

function brent(f: (x: number) => number, low: number, high: number): number {
  let [a, b] = [low, high];
  let x = a + GOLDEN * (b - a);
  let [second, third] = [x, x];
  let atX = f(x);
  let [atSecond, atThird] = [atX, atX];
  let step = 0;
  let previous = 0;
  for (let count = 0; count < MAXIMUM_STEPS; count++) {
    const middle = (a + b) / 2;
    const tolerance = TOLERANCE * Math.abs(x) + 1e-11;
    if (Math.abs(x - middle) <= 2 * tolerance - (b - a) / 2) break;
    // A parabola through the three best points, unless it steps out or shrinks too slowly.
    const r = (x - second) * (atX - atThird);
    const q = (x - third) * (atX - atSecond);
    const denominator = 2 * (q - r);
    const numerator = (x - third) * q - (x - second) * r;
    const parabola = denominator === 0 ? Number.NaN : -numerator / denominator;
    const isInside = x + parabola > a && x + parabola < b && Math.abs(parabola) < Math.abs(previous) / 2;
    previous = isInside ? step : (x < middle ? b : a) - x;
    step = isInside ? parabola : GOLDEN * previous;
    const point = x + (Math.abs(step) >= tolerance ? step : Math.sign(step) * tolerance);
    const value = f(point);
    if (value <= atX) {
      if (point < x) b = x;
      else a = x;
      [third, atThird] = [second, atSecond];
      [second, atSecond] = [x, atX];
      [x, atX] = [point, value];
      continue;
    }
    if (point < x) a = point;
    else b = point;
    if (value <= atSecond || second === x) {
      [third, atThird] = [second, atSecond];
      [second, atSecond] = [point, value];
    } else if (value <= atThird || third === x || third === second) {
      [third, atThird] = [point, value];
    }
  }
  return x;
}
