import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { barChart } from "./bar.js";
import { boxChart } from "./box.js";
import { calibrationChart } from "./calibration.js";
import { gainChart, liftChart } from "./gain.js";
import { heatMapChart } from "./heat-map.js";
import { histogramChart } from "./histogram.js";
import { lineChart } from "./line.js";
import { precisionRecallChart } from "./precision-recall.js";
import { renderChart } from "./render-chart.js";
import { quantileChart, residualChart } from "./residuals.js";
import { rocChart } from "./roc.js";
import { scatterChart } from "./scatter.js";
import { tickLabel } from "./theme.js";

const names = { x: "横 x", y: "纵 y" };
const line = [
  [0, 0],
  [0.4, 0.8],
  [1, 1],
] as const;
const CHARTS = {
  box: boxChart({ name: "v", boxes: [{ label: "a", five: [1, 2, 3, 4, 5] }] }),
  calibration: calibrationChart({
    names,
    perfect: "perfect",
    series: [{ name: "m", points: [{ predicted: 0.2, observed: 0.3, low: 0.1, high: 0.4, rows: 9 }] }],
  }),
  gain: gainChart({ names, name: "m", chance: "chance", points: line }),
  lift: liftChart({ names, name: "m", chance: "chance", points: line }),
  heatMap: heatMapChart({ columns: ["a"], rows: ["b"], values: [[Number.NaN]], scale: "signed" }),
  histogram: histogramChart({ names, edges: [0, 1, 2], series: [{ name: "all", counts: [3, 4] }] }),
  precisionRecall: precisionRecallChart({ names, series: [{ name: "m", points: line }] }),
  residuals: residualChart({ names, points: line }),
  noResiduals: residualChart({ names, points: [] }),
  quantiles: quantileChart({ names, points: line }),
  roc: rocChart({
    names,
    chance: "chance",
    series: [{ name: "m", points: line, band: line.map(([x, y]) => [x, y - 0.1, y + 0.1] as const) }],
  }),
};

const EXTREME = fc
  .tuple(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  )
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

describe("charts", () => {
  it("draw numbers of any size", () => {
    const check = (low: number, high: number): void => {
      const middle = low / 2 + high / 2;
      const points = [
        [low, high],
        [middle, middle],
        [high, low],
      ] as const;
      const five = [low, low, middle, high, high] as const;
      for (const option of [
        histogramChart({ names, edges: [low, middle, high], series: [{ name: "s", counts: [1, 2] }] }),
        scatterChart({ names, series: [{ name: "s", points }] }),
        boxChart({ name: "v", boxes: [{ label: "a", five }] }),
        barChart({ name: "v", items: [{ label: "a", value: middle, low, high }] }),
        barChart({ name: "v", fit: true, items: [{ label: "a", value: middle, low, high }] }),
        lineChart({ names, series: [{ name: "s", points, band: [[low, low, high]] }] }),
      ]) {
        expect(renderChart(option, { id: "c", label: "c" }).markup).not.toMatch(/NaN|Infinity|undefined/);
      }
    };
    for (const [low, high] of [
      [0, 1e-21],
      [-1.7e308, 1.7e308],
      [1e9, 1e9 + 1e-7],
      [5e-324, 1e-323],
      [5e-324, 7.5],
      [-1e-40, 1],
      [1, 1 + 2 ** -52],
    ] as const) {
      check(low, high);
    }
    fc.assert(
      fc.property(EXTREME, ([low, high]) => check(low, high)),
      { numRuns: 6 },
    );
  });

  it("may be called what no object's property may be", () => {
    const name = "__proto__";
    const edges = [0, 1, 2];
    const bars = barChart({ name, items: [{ label: name, value: 1 }] });
    const heat = heatMapChart({
      columns: [name],
      rows: [name],
      values: [[1]],
      scale: "share",
      text: () => name,
    });
    const counts = histogramChart({ names: { x: name, y: name }, edges, series: [{ name, counts: [1, 2] }] });
    for (const option of [bars, heat, counts, counts]) {
      expect(renderChart(option, { id: "c", label: name }).markup).not.toMatch(/\[object/);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each(Object.entries(CHARTS))("%s draws the same inert SVG every time", (id, option) => {
    const svg = renderChart(option, { id, label: 'a "label"' }).markup;
    expect(renderChart(option, { id, label: 'a "label"' }).markup).toBe(svg);
    expect(svg).toMatch(/^<svg role="img" aria-label="a &quot;label&quot;"/);
    expect(svg).not.toMatch(/zr\d|<style|script|ecmeta|NaN|undefined/);
  });

  it("labels ticks shortly", () => {
    expect([0, 0.25, 15000, 2.5e6, 3e9, 1e-6].map((value) => tickLabel(value))).toEqual([
      "0",
      "0.25",
      "15k",
      "2.5M",
      "3G",
      "1e-6",
    ]);
    expect(tickLabel(0.4, true)).toBe("40%");
  });
});
