import type { BundleInput, BundleMetrics, Manifest } from "../../foundation/contracts/bundle.js";
import { labelsOfTags } from "../../foundation/contracts/tag-sequence.js";

type Language = "en" | "zh";

const WORDS = {
  en: {
    what: "What it does",
    predicts: (target: string) => `It predicts **${target}** from one row of data.`,
    task: "Task",
    tasks: {
      binary: "two classes",
      multiclass: "several classes",
      regression: "a number",
      multilabel: "any number of labels",
      tagging: "entities in a text",
      detection: "objects in a picture",
      segmentation: "the class of every pixel",
      embedding: "a vector for each row",
    },
    classes: "Classes",
    inputs: "What it needs",
    columns: ["column", "kind", "may be left out", "seen in training"],
    yes: "yes",
    no: "no",
    more: (count: number) => `and ${count} more`,
    metrics: "How good it is",
    metricColumns: ["split", "measure", "value"],
    noMetrics: "No figures were recorded.",
    limits: "What to keep in mind",
    limitList: [
      "It has learned from past rows; where the world has changed since, it is wrong without noticing.",
      "Values outside the ranges and categories above are answered, but the figures do not speak for them.",
      "The figures hold for data like the test rows, not for every group within them.",
    ],
    origin: "Where it comes from",
    originColumns: ["what", "id"],
    creator: (version: string) => `Written by Quern ${version}.`,
    change: "How it was made smaller",
    changeNote: "The figures above are those of the model before; these say what the change cost.",
    changeColumns: ["what", "before", "after"],
    changeRows: {
      method: "method",
      bytes: "bytes of the graph",
      time: "time of an answer",
      on: (measure: string, rows: number) => `${measure} on ${rows} rows`,
    },
  },
  zh: {
    what: "用途",
    predicts: (target: string) => `根据一行数据预测 **${target}**。`,
    task: "任务",
    tasks: {
      binary: "二分类",
      multiclass: "多分类",
      regression: "数值",
      multilabel: "多标签分类",
      tagging: "文本中的实体",
      detection: "图片中的物体",
      segmentation: "每个像素的类别",
      embedding: "每行一个向量",
    },
    classes: "类别",
    inputs: "需要的数据",
    columns: ["列", "类型", "可省略", "训练中所见"],
    yes: "是",
    no: "否",
    more: (count: number) => `另有 ${count} 个`,
    metrics: "效果",
    metricColumns: ["数据划分", "指标", "数值"],
    noMetrics: "没有记录指标。",
    limits: "注意事项",
    limitList: [
      "模型从历史数据学习；情况变化之后，它会出错而不自知。",
      "超出上述范围和类别的值也会得到回答，但上面的指标不代表这些情况。",
      "指标适用于与测试数据相似的数据，并不代表其中每个群体。",
    ],
    origin: "来源",
    originColumns: ["内容", "标识"],
    creator: (version: string) => `由 Quern ${version} 生成。`,
    change: "如何变小",
    changeNote: "上面的指标属于变小之前的模型；下表说明变小的代价。",
    changeColumns: ["内容", "之前", "之后"],
    changeRows: {
      method: "方法",
      bytes: "计算图字节数",
      time: "回答所需时间",
      on: (measure: string, rows: number) => `${measure}（${rows} 行）`,
    },
  },
} as const satisfies Record<Language, unknown>;

const SHOWN_CATEGORIES = 8;

/** The model card: what the model does, needs and is worth, for people. Markdown. */
export function modelCard(manifest: Manifest, metrics: BundleMetrics, language: Language): string {
  const words = WORDS[language];
  const named = namesOf(manifest.outputs);
  const sections = [
    `# ${text(manifest.name)} ${manifest.version}`,
    `## ${words.what}`,
    words.predicts(text(manifest.target)),
    [
      `- ${words.task}: ${words.tasks[manifest.task]}`,
      ...(named.length > 0 ? [`- ${words.classes}: ${named.map(text).join(", ")}`] : []),
    ].join("\n"),
    `## ${words.inputs}`,
    table(
      words.columns,
      manifest.inputs.map((input) => [
        input.column.name,
        input.column.kind,
        input.optional ? words.yes : words.no,
        seen(input, words.more),
      ]),
    ),
    `## ${words.metrics}`,
    metricsTable(metrics, words.metricColumns) ?? words.noMetrics,
    `## ${words.limits}`,
    words.limitList.map((limit) => `- ${limit}`).join("\n"),
    `## ${words.origin}`,
    ...(Object.keys(manifest.lineage).length > 0
      ? [table(words.originColumns, Object.entries(manifest.lineage))]
      : []),
    words.creator(manifest.creator.version),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** What the model tells apart; nothing where it answers numbers. */
function namesOf(outputs: Manifest["outputs"]): readonly string[] {
  if (outputs.kind === "classes") return outputs.classes;
  if (outputs.kind === "tags") return labelsOfTags(outputs.tags);
  return "labels" in outputs ? outputs.labels : [];
}

/** What making a model smaller did to it. */
export interface ModelChange {
  readonly method: string;
  readonly bytes: { readonly before: number; readonly after: number };
  /** Time of an answer after by that before. */
  readonly timeRatio: number;
  readonly measure: string;
  /** Rows the measure was taken on. */
  readonly rows: number;
  readonly value: { readonly before: number; readonly after: number };
}

/** The card of a model with what a change of it cost, in the language of the card. */
export function cardWithChange(card: string, { method, bytes, timeRatio, ...judged }: ModelChange): string {
  const words = card.includes(`\n## ${WORDS.zh.what}\n`) ? WORDS.zh : WORDS.en;
  const { changeRows: names } = words;
  const figures = table(words.changeColumns, [
    [names.method, "", method],
    [names.bytes, String(bytes.before), String(bytes.after)],
    [names.time, "1", timeRatio.toFixed(2)],
    [
      names.on(judged.measure, judged.rows),
      shortNumber(judged.value.before),
      shortNumber(judged.value.after),
    ],
  ]);
  return `${[card.trimEnd(), `## ${words.change}`, words.changeNote, figures].join("\n\n")}\n`;
}

function metricsTable(metrics: BundleMetrics, titles: readonly string[]): string | undefined {
  const rows = Object.entries(metrics).flatMap(([split, values]) =>
    Object.entries(values).map(([name, value]) => [split, name, value === null ? "-" : shortNumber(value)]),
  );
  return rows.length > 0 ? table(titles, rows) : undefined;
}

function seen({ column, range, categories }: BundleInput, more: (count: number) => string): string {
  if (range) {
    const show = (value: number) =>
      column.kind === "datetime" ? new Date(value).toISOString().slice(0, 10) : shortNumber(value);
    return `${show(range[0])} – ${show(range[1])}`;
  }
  if (!categories) return "";
  const rest = categories.length - SHOWN_CATEGORIES;
  return [...categories.slice(0, SHOWN_CATEGORIES), ...(rest > 0 ? [more(rest)] : [])].join(", ");
}

function shortNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(text).join(" | ")} |`;
  return [line(titles), `|${titles.map(() => " --- |").join("")}`, ...rows.map(line)].join("\n");
}

/** Names come from data: nothing in them may act as Markdown or HTML, or end a table row. */
function text(value: string): string {
  const single = value.replace(/\s+/gu, " ");
  const short = single.length > 120 ? `${single.slice(0, 119)}…` : single;
  return short.replace(/[\\`*_{}[\]<>#|!&]/g, (character) =>
    character === "<" ? "&lt;" : character === "&" ? "&amp;" : `\\${character}`,
  );
}
