// Functions with known optima of 0 (mixed: 0, categories: 0), the same as in peers.py.
const real = (name, low, high, scale = "linear", integer = false) => {
  return { name, kind: "number", low, high, scale, integer };
};
const reals = (count, low, high) => Array.from({ length: count }, (_, i) => real(`x${i}`, low, high));
const choice = (name, choices) => ({ name, kind: "choice", choices });
const sum = (values) => values.reduce((a, b) => a + b, 0);

const SPHERE = [1.2, -2.1, 0.4, 3.0, -1.5];
const RASTRIGIN = [1.1, -2.3, 0.6, 2.9];
const ALPHA = [1.0, 1.2, 3.0, 3.2];
const SCALES = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const PLACES = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];

function mixed({ model, rate, depth, cost, kind, width, share }) {
  if (model === "boost") return 0.1 + 0.3 * (Math.log10(rate) + 2) ** 2 + 0.02 * (depth - 7) ** 2;
  if (model === "blend") return 0.2 + (share - 0.5) ** 2;
  const base = 0.2 * (Math.log10(cost) - 1) ** 2;
  if (kind === "linear") return base + 0.3;
  return base + (kind === "radial" ? 0.4 * (width - 0.3) ** 2 : 0.1 + 0.4 * (width - 0.7) ** 2);
}

export const FUNCTIONS = {
  sphere: {
    space: reals(5, -5, 5),
    value: (x) => sum(SPHERE.map((c, i) => (x[`x${i}`] - c) ** 2)),
  },
  branin: {
    space: [real("x0", -5, 10), real("x1", 0, 15)],
    value: ({ x0, x1 }) => {
      const bend = x1 - (5.1 / (4 * Math.PI ** 2)) * x0 ** 2 + (5 / Math.PI) * x0 - 6;
      return bend ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x0) + 10 - 0.39788735772973816;
    },
  },
  hartmann6: {
    space: reals(6, 0, 1),
    value: (x) => {
      const term = (alpha, k) =>
        alpha * Math.exp(-sum(SCALES[k].map((a, i) => a * (x[`x${i}`] - PLACES[k][i]) ** 2)));
      return 3.32236801141551 - sum(ALPHA.map(term));
    },
  },
  rastrigin: {
    space: reals(4, -5.12, 5.12),
    value: (x) =>
      sum(
        RASTRIGIN.map((c, i) => {
          const z = x[`x${i}`] - c;
          return 10 + z * z - 10 * Math.cos(2 * Math.PI * z);
        }),
      ),
  },
  mixed: {
    space: [
      choice("model", ["boost", "kernel", "blend"]),
      { ...real("rate", 1e-4, 1, "log"), when: { model: ["boost"] } },
      { ...real("depth", 1, 20, "linear", true), when: { model: ["boost"] } },
      { ...real("cost", 1e-3, 1e3, "log"), when: { model: ["kernel"] } },
      { ...choice("kind", ["linear", "radial", "polynomial"]), when: { model: ["kernel"] } },
      { ...real("width", 0, 1), when: { kind: ["radial", "polynomial"] } },
      { ...real("share", 0, 1), when: { model: ["blend"] } },
    ],
    value: mixed,
  },
  categories: {
    space: [...Array.from({ length: 5 }, (_, i) => choice(`c${i}`, ["a", "b", "c", "d"])), real("x", 0, 1)],
    value: (c) => {
      const wrong = sum([..."bdacb"].map((letter, i) => Number(c[`c${i}`] !== letter)));
      return wrong + (c.x - (c.c0 === "b" ? 0.8 : 0.2)) ** 2;
    },
  },
};
