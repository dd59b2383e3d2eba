/** What was planned and done, how to do it again, and how to use the result. */
import {
  badge,
  code,
  collapsible,
  facts,
  hashText,
  note,
  type TableColumn,
  table,
} from "../../../engines/pages/components.js";
import {
  formatBytes,
  formatCount,
  formatNumber,
  formatSeconds,
  formatTime,
} from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import { word } from "../../../engines/pages/words.js";
import type { PlanOutcome } from "../../../foundation/contracts/evaluation.js";
import type { ReportView, SectionMaker } from "./view.js";

export const planSection: SectionMaker = (view) => {
  const { input, texts, language } = view;
  const items: Readonly<Record<string, string>> = { split: texts.split, total: texts.total };
  const estimates = input.planOutcome ?? [];
  if (input.plan.length + input.steps.length + estimates.length === 0) return undefined;
  const plan =
    input.plan.length > 0 &&
    table(input.plan, [
      {
        name: texts.item,
        cell: ({ item }) => (Object.hasOwn(items, item) ? items[item]! : item),
        heading: true,
      },
      { name: texts.planned, cell: (row) => row.planned, prose: true },
      { name: texts.outcome, cell: (row) => word(row.actual, language) },
    ]);
  const steps =
    input.steps.length > 0 &&
    html`<h3>${texts.steps}</h3>${table(input.steps, [
      { name: texts.step, cell: (step) => step.name, heading: true },
      { name: texts.seconds, cell: (step) => formatSeconds(step.seconds), number: true },
      { name: "", cell: (step) => (step.cached ? texts.fromCache : ""), optional: true, prose: true },
    ])}`;
  return { id: "plan", title: texts.plan, body: html`${plan}${estimateTable(view, estimates)}${steps}` };
};

/** Beyond this either way an estimate is marked. */
const GOOD_RATIO = 2;

function estimateTable({ texts }: ReportView, estimates: readonly PlanOutcome[]): Html | undefined {
  if (estimates.length === 0) return undefined;
  const columns: TableColumn<PlanOutcome>[] = [
    { name: texts.item, cell: (one) => shorten(one.item), heading: true },
    { name: texts.plannedSeconds, cell: (one) => orDash(one.plannedSeconds, formatSeconds), number: true },
    { name: texts.measuredSeconds, cell: (one) => orDash(one.seconds, formatSeconds), number: true },
    { name: texts.ratio, cell: (one) => ratioBadge(one.plannedSeconds, one.seconds), number: true },
    {
      name: texts.plannedMemory,
      cell: (one) => orDash(one.plannedBytes, formatBytes),
      number: true,
      optional: true,
    },
    {
      name: texts.measuredMemory,
      cell: (one) => orDash(one.bytes, formatBytes),
      number: true,
      optional: true,
    },
    {
      name: texts.ratio,
      cell: (one) => ratioBadge(one.plannedBytes, one.bytes),
      number: true,
      optional: true,
    },
    { name: texts.basis, cell: (one) => shorten(one.note ?? "", 120), optional: true, prose: true },
  ];
  return html`<h3>${texts.planEstimates}</h3>${note(texts.planEstimatesNote)}${table(estimates, columns)}`;
}

function orDash(value: number | null, write: (value: number) => string): string {
  return value === null ? "–" : write(value);
}

function ratioBadge(planned: number | null, measured: number | null): Html | string {
  if (planned === null || measured === null || planned <= 0 || measured <= 0) return "–";
  const ratio = planned / measured;
  const good = ratio <= GOOD_RATIO && ratio >= 1 / GOOD_RATIO;
  return badge(formatNumber(ratio, 2), good ? "plain" : "warn");
}

export const reproducibilitySection: SectionMaker = ({ input, texts }) => {
  const { reproducibility: record, parity } = input;
  const versions = Object.entries(record.versions).map(([name, version]) => `${name} ${version}`);
  const openings = record.testOpenings.map(
    ({ run, openedAt }) => html`${formatTime(openedAt)} (${hashText(run)})<br>`,
  );
  return {
    id: "reproducibility",
    title: texts.reproducibility,
    body: html`${note(texts.reproducibilityNote)}${facts([
      [texts.run, hashText(input.run)],
      [texts.created, formatTime(input.createdAt)],
      [texts.seed, String(record.seed)],
      [texts.threads, String(record.threads)],
      [texts.datasetHash, hashText(record.dataset)],
      [texts.splitHash, hashText(record.split)],
      [texts.configHash, hashText(record.config)],
      [texts.bundleHash, record.bundle === null ? "–" : hashText(record.bundle)],
      ...(parity
        ? [
            [
              texts.parity,
              texts.parityDetail(formatCount(parity.rows), parity.maxAbsDiff.toExponential(1)),
            ] as const,
          ]
        : []),
      [texts.testOpenings, openings],
      [texts.versions, versions.join(", ")],
    ])}${collapsible(texts.project, code(record.project))}`,
  };
};

export const usageSection: SectionMaker = (view) => {
  const { texts } = view;
  const { model, port } = view.input.usage;
  return {
    id: "usage",
    title: texts.usage,
    body: html`<h3>${texts.usageFile}</h3>${code(`quern predict ${model} rows.csv --out predictions.csv`)}
<h3>${texts.usageServe}</h3>${code(`quern serve ${model} --port ${port}\n\n${curlCommand(view)}`)}
<h3>${texts.usageCode}</h3>${typescriptSnippet(view)}`,
  };
};

function address({ input }: ReportView): string {
  const path = encodeURIComponent(input.usage.model).replaceAll("%40", "@");
  return `http://127.0.0.1:${input.usage.port}/predict/${path}`;
}

/** Quoted for a POSIX shell. */
function curlCommand(view: ReportView): string {
  const body = JSON.stringify(view.input.usage.example).replaceAll("'", "'\\''");
  return `curl ${address(view)} \\\n  -H 'content-type: application/json' \\\n  -d '${body}'`;
}

function typescriptSnippet(view: ReportView): Html {
  const row = JSON.stringify(view.input.usage.example, null, 2);
  return code(`const row = ${row};
const response = await fetch("${address(view)}", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(row),
});
const { predictions } = await response.json();
console.log(predictions[0]);`);
}
