/** Structured tasks: figures by label, and the rows with the worst answers drawn as what they are. */
import { note, type TableColumn, table } from "../../../engines/pages/components.js";
import { formatCount, formatPercent } from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import type { Evaluation, WorstStructure } from "../../../foundation/contracts/evaluation.js";
import type { Entity, StructuredAnswer } from "../../../foundation/contracts/structured-answers.js";
import { picturedBoxes, picturedMask, swatch } from "./structure-pictures.js";
import { structureTexts } from "./structure-texts.js";
import { capital, type ReportView, type SectionMaker, writeFigure } from "./view.js";

export const structureSection: SectionMaker = (view) => {
  const { evaluation, language, texts } = view;
  if (!evaluation.worstStructures) return undefined;
  const own = structureTexts(language);
  return {
    id: "structure",
    title: own.title,
    body: html`${labelTable(view)}${
      evaluation.worstStructures.length === 0
        ? note(texts.noErrors)
        : html`<h3>${texts.worst}</h3>${note(own.worst[evaluation.task] ?? own.worstNote)}${worstTable(view, evaluation.worstStructures)}`
    }`,
  };
};

type ByLabel = Evaluation["perClass"][number];

/** Only the figures that a task has. */
function labelTable({ evaluation, texts, language }: ReportView): Html | undefined {
  const { perClass } = evaluation;
  const counted = structureTexts(language).counted[evaluation.task] ?? texts.rows;
  if (perClass.length === 0) return undefined;
  const share = (value: number | null) => (value === null ? "–" : formatPercent(value));
  const figures: readonly (TableColumn<ByLabel> & { readonly of: (one: ByLabel) => number | null })[] = [
    {
      name: capital(texts.precision),
      of: (one) => one.precision,
      cell: (one) => share(one.precision),
      number: true,
    },
    { name: capital(texts.recall), of: (one) => one.recall, cell: (one) => share(one.recall), number: true },
    { name: "F1", of: (one) => one.f1, cell: (one) => share(one.f1), number: true },
    { name: "AUC", of: (one) => one.auc, cell: (one) => writeFigure(one.auc), number: true },
    {
      name: "AP",
      of: (one) => one.averagePrecision,
      cell: (one) => writeFigure(one.averagePrecision),
      number: true,
    },
  ];
  return table(perClass, [
    {
      name: texts.class,
      cell: (one, code) => html`${evaluation.task === "segmentation" && swatch(code)}${one.class}`,
      heading: true,
    },
    { name: counted, cell: (one) => formatCount(one.rows), number: true },
    ...figures.filter(({ of }) => perClass.some((one) => of(one) !== null)),
  ]);
}

function worstTable({ texts, language }: ReportView, rows: readonly WorstStructure[]): Html {
  // Entities are marked in their text; labels stand beside it.
  const texted = rows.some(({ text, actual }) => text !== undefined && "labels" in actual);
  return table(rows, [
    { name: texts.row, cell: ({ row }) => String(row), number: true, heading: true },
    ...(texted
      ? [
          {
            name: structureTexts(language).text,
            cell: ({ text }: WorstStructure) => shorten(text ?? "", 300),
          },
        ]
      : []),
    {
      name: texts.actual,
      cell: (worst) => drawn(worst, worst.actual, worst.predicted, "missed"),
    },
    {
      name: texts.predicted,
      cell: (worst) => drawn(worst, worst.predicted, worst.actual, "wrong"),
      prose: true,
    },
  ]);
}

/** How a part is shown that the other side does not have. */
type Lack = "missed" | "wrong";

function drawn(worst: WorstStructure, answer: StructuredAnswer, other: StructuredAnswer, lack: Lack): Html {
  if ("entities" in answer && worst.text !== undefined) {
    const counterpart = "entities" in other ? other.entities : [];
    return markedText(worst.text, answer.entities, counterpart, lack);
  }
  if ("labels" in answer) {
    const shared = new Set("labels" in other ? other.labels : []);
    return html`${answer.labels.map((label) => markedLabel(label, shared.has(label) ? "right" : lack))}`;
  }
  if ("boxes" in answer) {
    if (worst.image && "boxes" in other) return picturedBoxes(worst.image, answer, other, lack);
    return html`${answer.boxes.map(({ label, score }) => html`${label} ${formatPercent(score)} `)}`;
  }
  if ("mask" in answer) {
    if (worst.image) return picturedMask(worst.image, answer);
    return html`${Object.entries(answer.shares).map(([label, share]) => html`${label} ${formatPercent(share)} `)}`;
  }
  return html``;
}

const markedLabel = (label: string, state: Lack | "right"): Html =>
  html`<mark class="entity ${state}">${shorten(label, 40)}</mark> `;

/** Longer texts are cut to the stretch in which the first error lies. */
const MOST_CHARACTERS = 600;
const CONTEXT = 80;

/** The text with its entities marked; those that the other side has too are right. */
function markedText(text: string, entities: readonly Entity[], others: readonly Entity[], lack: Lack): Html {
  const key = ({ start, end, label }: Entity) => `${start}/${end}/${label}`;
  const shared = new Set(others.map(key));
  const firstError = Math.min(
    ...[...entities.filter((one) => !shared.has(key(one))), ...others].map(({ start }) => start),
    text.length,
  );
  const from = text.length <= MOST_CHARACTERS ? 0 : Math.max(0, firstError - CONTEXT);
  const to = Math.min(text.length, from + MOST_CHARACTERS);
  const parts: Html[] = [];
  let at = from;
  for (const entity of entities) {
    if (entity.start < at || entity.end > to) continue;
    const state = shared.has(key(entity)) ? "right" : lack;
    parts.push(html`${text.slice(at, entity.start)}`, mark(entity, state));
    at = entity.end;
  }
  return html`${from > 0 && "… "}${parts}${text.slice(at, to)}${to < text.length && " …"}`;
}

function mark({ text, label }: Entity, state: Lack | "right"): Html {
  return html`<mark class="entity ${state}">${text}<span class="small"> ${shorten(label, 20)}</span></mark>`;
}
