/** How the model was searched for and put together: the history of trials, what mattered, the ensemble. */
import { barChart, barChartHeight } from "../../../engines/pages/charts/bar.js";
import { scatterChart } from "../../../engines/pages/charts/scatter.js";
import {
  collapsible,
  facts,
  figures,
  note,
  type TableColumn,
  table,
} from "../../../engines/pages/components.js";
import { figure } from "../../../engines/pages/figure.js";
import { formatCount, formatSeconds } from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import { metricName } from "../../../engines/pages/metric-names.js";
import type { ReportEnsemble, ReportStudy, ReportTrial } from "../../../foundation/contracts/evaluation.js";
import { type ReportView, type SectionMaker, settingsText, writeFigure } from "./view.js";

const BEST_TRIALS = 25;
const FEW_TRIALS = 4;
/** Trials a collapsed page: short enough to scroll, few enough pages for 10 000 trials. */
const PAGE_TRIALS = 500;
const MOST_DOTS = 1000;
const MOST_PARAMETERS = 15;
/** Settings are cut shorter where there are many trials, or the page would be mostly settings. */
const LONG_STUDY = 1000;

export const studySection: SectionMaker = (view) => {
  const { study } = view.input;
  // A few trials are told whole by the models tried.
  const told = view.input.leaderboard.length > 0 ? FEW_TRIALS : 0;
  if (!study || study.trials.length <= told) return undefined;
  const { texts } = view;
  const name = nameOf(view, study.metric);
  // The models tried are the same trials, best first: once is enough.
  const best = view.input.leaderboard.length > 0 ? [] : bestTrials(study).slice(0, BEST_TRIALS);
  const body = html`${note(texts.studyNote(formatCount(study.trials.length), name))}${stopped(view, study)}${figures(
    [historyFigure(view, study, name), ...importanceFigures(view, study)],
  )}${best.length > 0 ? html`<h3>${texts.bestTrials}</h3>${trialTable(view, name, best, 120)}` : undefined}${allTrials(view, study, name)}`;
  return { id: "study", title: texts.study, body };
};

function nameOf({ evaluation, language }: ReportView, metric: string): string {
  return metricName(metric, evaluation.metrics[metric]?.title ?? metric, language);
}

function stopped({ texts }: ReportView, { stopped: reason }: ReportStudy): Html | undefined {
  if (reason === undefined) return undefined;
  const known: Readonly<Record<string, string>> = {
    trials: texts.stoppedByTrials,
    plateau: texts.stoppedByPlateau,
    time: texts.stoppedByTime,
  };
  return note(texts.studyStopped(Object.hasOwn(known, reason) ? known[reason]! : reason));
}

/** Finished trials, the best first. */
function bestTrials({ trials, direction }: ReportStudy): ReportTrial[] {
  const sign = direction === "maximize" ? -1 : 1;
  return trials
    .filter((trial) => trial.state === "done" && trial.value !== null)
    .sort((a, b) => sign * (a.value! - b.value!) || a.number - b.number);
}

function historyFigure({ texts }: ReportView, study: ReportStudy, name: string): Html | undefined {
  const { trials, direction } = study;
  const dots = trials.flatMap((trial) =>
    trial.value === null ? [] : [[trial.number, trial.value] as const],
  );
  if (dots.length < 2) return undefined;
  const line: [number, number][] = [];
  const better = (a: number, b: number) => (direction === "maximize" ? a > b : a < b);
  const finished = trials.filter((trial) => trial.state === "done" && trial.value !== null);
  for (const { number, value } of finished) {
    const before = line.at(-1);
    if (before && !better(value!, before[1])) continue;
    if (before) line.push([number, before[1]]);
    line.push([number, value!]);
  }
  const last = line.at(-1);
  if (last && trials.at(-1)!.number > last[0]) line.push([trials.at(-1)!.number, last[1]]);
  const step = Math.ceil(dots.length / MOST_DOTS);
  const option = scatterChart({
    names: { x: texts.trialNumber, y: name },
    series: [{ name, points: dots.filter((_, index) => index % step === 0) }],
    reference: line,
    whole: true,
  });
  return figure(option, { id: "chart-study" }, { title: texts.bestSoFar, note: texts.bestSoFarNote });
}

function importanceFigures({ texts }: ReportView, { importance = [] }: ReportStudy): Html[] {
  return importance.map(({ trainer, method, parameters }, index) => {
    const items = [...parameters]
      .sort((a, b) => b.value - a.value)
      .slice(0, MOST_PARAMETERS)
      .map(({ feature, value, low, high }) => ({ label: feature, value, low, high }));
    return figure(
      barChart({ items, name: texts.shareOfVariance, percent: true }),
      { id: `chart-settings-${index}`, height: barChartHeight(items.length) },
      { title: texts.settingImportance(trainer), note: texts.settingImportanceNote(method) },
    );
  });
}

/** A word of the reader's for what this product proposes by; another proposer's own word otherwise. */
function originText({ origin = "" }: ReportTrial, texts: ReportView["texts"]): string {
  const words: Readonly<Record<string, string>> = {
    listed: texts.originListed,
    portfolio: texts.originPortfolio,
    search: texts.originSearch,
    stack: texts.originStack,
  };
  return words[origin] ?? origin;
}

function trialTable(view: ReportView, name: string, trials: readonly ReportTrial[], settings: number): Html {
  const { texts } = view;
  const states = { done: texts.done, pruned: texts.pruned, failed: texts.failed };
  const columns: TableColumn<ReportTrial>[] = [
    { name: texts.trial, cell: (trial) => formatCount(trial.number), number: true, heading: true },
    { name: texts.trainer, cell: (trial) => shorten(trial.trainer) },
    { name, cell: (trial) => writeFigure(trial.value), number: true },
    { name: texts.seconds, cell: (trial) => formatSeconds(trial.seconds), number: true },
    { name: texts.trialState, cell: (trial) => states[trial.state] },
    { name: texts.origin, cell: (trial) => originText(trial, texts) },
    { name: texts.settings, cell: (trial) => shorten(settingsText(trial.config), settings), prose: true },
  ];
  return table(trials, columns);
}

/** Collapsed pages: a page without scripts has no other way to turn them. */
function allTrials(view: ReportView, { trials }: ReportStudy, name: string): Html | undefined {
  const { texts } = view;
  if (trials.length <= BEST_TRIALS && view.input.leaderboard.length === 0) return undefined;
  const settings = trials.length > LONG_STUDY ? 60 : 120;
  const pages = Array.from({ length: Math.ceil(trials.length / PAGE_TRIALS) }, (_, page) =>
    trials.slice(page * PAGE_TRIALS, (page + 1) * PAGE_TRIALS),
  );
  const title = texts.allTrials(formatCount(trials.length));
  if (pages.length === 1) return collapsible(title, trialTable(view, name, trials, settings));
  return html`<h3>${title}</h3>${pages.map((page) =>
    collapsible(
      texts.trialsFromTo(formatCount(page[0]!.number), formatCount(page.at(-1)!.number)),
      trialTable(view, name, page, settings),
    ),
  )}`;
}

type Member = ReportEnsemble["members"][number];

export const ensembleSection: SectionMaker = (view) => {
  const { ensemble } = view.input;
  if (!ensemble || ensemble.members.length === 0) return undefined;
  const { texts } = view;
  const name = nameOf(view, ensemble.metric);
  const members = [...ensemble.members].sort((a, b) => b.weight - a.weight);
  const layered = members.some((member) => member.layer > 0);
  const columns: TableColumn<Member>[] = [
    { name: texts.member, cell: (member) => shorten(member.name), heading: true },
    ...(layered
      ? [{ name: texts.layer, cell: (one: Member) => formatCount(one.layer + 1), number: true }]
      : []),
    { name: texts.weight, cell: (member) => writeFigure(member.weight), number: true },
    { name, cell: (member) => writeFigure(member.value), number: true },
    {
      name: texts.seconds,
      cell: (member) => (member.seconds === undefined ? "–" : formatSeconds(member.seconds)),
      number: true,
    },
  ];
  const items = members
    .filter(({ weight }) => weight !== 0)
    .map((one) => ({ label: one.name, value: one.weight }));
  const chart = figure(
    barChart({ items, name: texts.weightAxis }),
    { id: "chart-ensemble", height: barChartHeight(items.length) },
    { title: texts.weight },
  );
  const body = html`${note(texts.ensembleNote(name))}${facts([
    [
      texts.ensembleMethod,
      { greedy: texts.greedyAverage, blend: texts.blendedAverage }[ensemble.method] ?? ensemble.method,
    ],
    [texts.whole(name), writeFigure(ensemble.value)],
  ])}${figures([items.length > 1 && chart])}${table(members, columns)}`;
  return { id: "ensemble", title: texts.ensemble, body };
};
