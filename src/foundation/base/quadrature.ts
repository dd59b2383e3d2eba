/**
 * Gauss-Legendre points and weights on 0..1: `count` points integrate polynomials up to degree 2 * count - 1
 * exactly. Newton's method on the Legendre polynomial (Press et al., Numerical Recipes, 4.6).
 */
export function gaussLegendre(count: number): { points: Float64Array; weights: Float64Array } {
  const points = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    let x = Math.cos((Math.PI * (k + 0.75)) / (count + 0.5));
    let slope = 0;
    for (let step = 0; step < 100; step++) {
      let [before, value] = [0, 1];
      for (let j = 1; j <= count; j++) {
        [before, value] = [value, ((2 * j - 1) * x * value - (j - 1) * before) / j];
      }
      slope = (count * (x * value - before)) / (x * x - 1);
      const move = value / slope;
      x -= move;
      if (Math.abs(move) < 1e-16) break;
    }
    points[count - 1 - k] = (1 + x) / 2;
    weights[count - 1 - k] = 1 / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}
