/** The chosen model: its settings, what it relies on, how it was trained and how it would gain from more rows. */
import { barChart, barChartHeight } from "../../../engines/pages/charts/bar.js";
import { lineChart } from "../../../engines/pages/charts/line.js";
import { code, collapsible, facts, figures, note, prose } from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatCount, formatNumber } from "../../../engines/pages/format.js";
import { type Html, html } from "../../../engines/pages/html.js";
import { headingOf, word } from "../../../engines/pages/words.js";
import type { Importance } from "../../../foundation/contracts/evaluation.js";
import type { ReportView, SectionMaker } from "./view.js";

const MOST_FEATURES = 20;
const MOST_CURVE_POINTS = 300;

export const modelSection: SectionMaker = (view) => {
  const { input, texts, language } = view;
  const { model } = input;
  const size = Object.entries(model.size).map(
    ([name, value]) => [headingOf(name, language), formatNumber(value, 6)] as const,
  );
  const body = html`${facts([
    [texts.trainer, model.trainer],
    [texts.featureCount, formatCount(model.features)],
    [texts.calibrationMethod, model.calibration === "none" ? texts.none : word(model.calibration, language)],
    ...(model.bestIteration === null ? [] : [[texts.iterations, formatCount(model.bestIteration)] as const]),
    ...size,
  ])}${input.ensemble && note(texts.strongestMember)}${model.notes.map((text) => note(prose(text)))}${figures(
    [...importanceFigures(view), ...trainingFigures(view), learningFigure(view)],
  )}${collapsible(texts.settings, code(JSON.stringify(model.config, null, 2)))}`;
  return { id: "model", title: texts.model, body };
};

function importanceFigures(view: ReportView): Html[] {
  const { evaluation, input, texts, metric } = view;
  const measured = importanceFigure("permutation", evaluation.importance, {
    title: texts.importance,
    note: texts.importancePermutation(metric),
    axis: texts.importanceAxis,
  });
  const own = importanceFigure("own", input.model.importance, {
    title: measured ? texts.ownImportance : texts.importance,
    note: texts.importanceOwn,
    axis: texts.importanceShare,
  });
  return [measured, own].filter((one) => one !== undefined);
}

function importanceFigure(
  id: string,
  importance: readonly Importance[],
  text: { title: string; note: string; axis: string },
): Html | undefined {
  if (importance.length === 0) return undefined;
  const ranked = [...importance].sort((a, b) => b.value - a.value).slice(0, MOST_FEATURES);
  const items = ranked.map(({ feature, value, low, high }) => ({ label: feature, value, low, high }));
  const option = barChart({ items, name: text.axis });
  return figure(option, { id: `chart-importance-${id}`, height: barChartHeight(items.length) }, text);
}

/** Curves of one measure share a chart: `trainLoss` and `validationLoss` are both of `Loss`. */
function trainingFigures({ input, texts, language }: ReportView): Html[] {
  const groups = new Map<string, { name: string; values: readonly number[] }[]>();
  for (const [name, values] of Object.entries(input.model.curves)) {
    if (values.length < 2) continue;
    const [, split = "", measure = name] = /^(train|validation)(.*)$/.exec(name) ?? [];
    const label = split === "train" || split === "validation" ? texts[split] : headingOf(name, language);
    const heading = headingOf(measure, language);
    const list = groups.get(heading) ?? [];
    groups.set(heading, [...list, { name: label, values }]);
  }
  const { bestIteration } = input.model;
  return [...groups].map(([measure, curves], index) =>
    figure(
      lineChart({
        names: { x: texts.iteration, y: measure },
        series: curves.map(({ name, values }) => ({ name, points: thinned(values) })),
        mark:
          bestIteration === null ? undefined : { x: bestIteration, label: `${texts.best} ${bestIteration}` },
      }),
      { id: `chart-training-${index}` },
      { title: texts.trainingCurve },
    ),
  );
}

function thinned(values: readonly number[]): (readonly [number, number])[] {
  const step = Math.ceil(values.length / MOST_CURVE_POINTS);
  return values
    .map((value, index) => [index + 1, value] as const)
    .filter(
      ([iteration, value]) =>
        Number.isFinite(value) && ((iteration - 1) % step === 0 || iteration === values.length),
    );
}

function learningFigure({ evaluation, texts, metric }: ReportView): Html | undefined {
  const points = evaluation.learningCurve;
  if (points.length < 2) return undefined;
  const series = (["train", "validation"] as const).map((split) => ({
    name: texts[split],
    dots: true,
    points: points.flatMap((point) => (point[split] === null ? [] : [[point.rows, point[split]] as const])),
  }));
  return figure(
    lineChart({
      names: { x: texts.trainingRows, y: metric },
      series: series.filter((one) => one.points.length > 0),
    }),
    { id: "chart-learning" },
    { title: texts.learningCurve, note: texts.learningCurveNote },
  );
}
