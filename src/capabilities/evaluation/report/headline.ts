import { callout, type Tile, tiles } from "../../../engines/pages/components.js";
import { formatCount } from "../../../engines/pages/format.js";
import { type Html, html } from "../../../engines/pages/html.js";
import { type ReportView, splitName, writeFigure } from "./view.js";

/** What a reader must know if nothing else: how good, how sure, compared with what, and whether to believe it. */
export function headline(view: ReportView): Html {
  return html`${tiles([resultTile(view), ...baselineTile(view), goalsTile(view), ...modelTile(view), rowsTile(view)])}
${verdict(view)}${missedGoals(view)}${sealNotice(view)}`;
}

function resultTile({ evaluation, metric, texts }: ReportView): Tile {
  const estimate = evaluation.metrics[evaluation.metric];
  const interval =
    estimate?.low === null || estimate?.low === undefined
      ? texts.noInterval
      : texts.interval(writeFigure(estimate.low), writeFigure(estimate.high));
  const rows = texts.onRows(formatCount(evaluation.rows), splitName(evaluation.split, texts));
  return { name: metric, value: writeFigure(estimate?.value), detail: html`${interval}<br>${rows}` };
}

/** A task may have nothing that ignores the features. */
function baselineTile({ evaluation, texts }: ReportView): Tile[] {
  const value = evaluation.baseline[evaluation.metric];
  if (value === null || value === undefined) return [];
  const detail = evaluation.task === "tagging" ? texts.baselineDictionary : texts.baselineDetail;
  return [{ name: texts.baseline, value: writeFigure(value), detail }];
}

function goalsTile({ input, texts }: ReportView): Tile {
  const met = input.goals.filter((goal) => goal.met).length;
  if (input.goals.length === 0) return { name: texts.goals, value: "–", detail: texts.noGoals };
  return { name: texts.goals, value: `${met} / ${input.goals.length}` };
}

/** Of a training: an evaluation chose nothing. */
function modelTile({ input, texts }: ReportView): Tile[] {
  if (input.leaderboard.length === 0) return [];
  const value = input.ensemble ? texts.severalTogether : input.model.trainer;
  return [{ name: texts.chosenModel, value, detail: texts.ofModels(formatCount(input.leaderboard.length)) }];
}

function rowsTile({ input, texts }: ReportView): Tile {
  const { train, validation, test } = input.data.split;
  if (train + validation === 0) return { name: texts.dataRows, value: formatCount(input.data.rows) };
  const detail = texts.partRows(formatCount(train), formatCount(validation), formatCount(test));
  return { name: texts.dataRows, value: formatCount(input.data.rows), detail };
}

function verdict({ evaluation, texts }: ReportView): Html | undefined {
  const comparison = evaluation.comparisons.find((one) => one.with === "baseline");
  if (!comparison) return undefined;
  if (comparison.verdict === "worse") return callout("bad", texts.worse);
  if (comparison.verdict === "no-clear-difference") return callout("warn", texts.unclear);
  return callout("good", texts.better(writeFigure(comparison.low), writeFigure(comparison.high)));
}

function missedGoals({ input, texts }: ReportView): Html | undefined {
  const missed = input.goals.filter((goal) => !goal.met).map((goal) => `${goal.name} ${goal.goal}`);
  return missed.length > 0 ? callout("bad", texts.goalsMissed(missed.join(", "))) : undefined;
}

function sealNotice({ input, evaluation, texts }: ReportView): Html | undefined {
  if (evaluation.split !== "test") return undefined;
  const earlier = input.reproducibility.testOpenings.filter((opening) => opening.run !== input.run).length;
  if (earlier === 0) return html`<p class="note">${texts.openedOnce}</p>`;
  return callout("warn", texts.openedBefore(texts.times(earlier)));
}
