import { describe, expect, it } from "vitest";
import { boxChart } from "./box.js";
import { calibrationChart } from "./calibration.js";
import { gainChart, liftChart } from "./gain.js";
import { heatMapChart } from "./heat-map.js";
import { histogramChart } from "./histogram.js";
import { precisionRecallChart } from "./precision-recall.js";
import { renderChart } from "./render-chart.js";
import { quantileChart, residualChart } from "./residuals.js";
import { rocChart } from "./roc.js";
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

describe("charts", () => {
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
