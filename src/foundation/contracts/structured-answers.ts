/** What models of structured tasks answer for a row, and how their tensors are read: one pure function for each kind. */
import { z } from "zod";
import type { BundleOutputs } from "./bundle.js";
import { spansOfTags } from "./tag-sequence.js";
import type { Tensor } from "./tensor.js";

const share = z.number();
const offset = z.number().int().nonnegative();

export const labelsAnswerSchema = z.strictObject({
  labels: z.array(z.string()).describe("that hold: at or above the label's threshold"),
  probabilities: z.record(z.string(), share).describe("of each label on its own; they need not sum to 1"),
});
export const entitiesAnswerSchema = z.strictObject({
  entities: z
    .array(
      z.strictObject({
        start: offset,
        end: offset,
        text: z.string(),
        label: z.string(),
        score: share.describe("the least probability among the pieces of the entity"),
      }),
    )
    .describe(
      "in order; offsets in UTF-16 units as in JavaScript and Java strings, the end is not part of it",
    ),
});
export const boxesAnswerSchema = z.strictObject({
  boxes: z
    .array(
      z.strictObject({
        label: z.string(),
        score: share,
        box: z
          .tuple([share, share, share, share])
          .describe("left edge, upper edge, width and height as shares of the picture's width and height"),
      }),
    )
    .describe("the surest first"),
});
export const maskAnswerSchema = z.strictObject({
  mask: z.strictObject({
    width: offset,
    height: offset,
    runs: z
      .array(offset)
      .describe(
        "class and length by turns, row after row from the upper left; lengths sum to width * height",
      ),
  }),
  shares: z.record(z.string(), share).describe("share of the picture that each class covers"),
});
export const vectorAnswerSchema = z.strictObject({ vector: z.array(z.number()) });

/** Any of them; what is true is written in the same form, with probabilities and scores of 1. */
export const structuredAnswerSchema = z.union([
  labelsAnswerSchema,
  entitiesAnswerSchema,
  boxesAnswerSchema,
  maskAnswerSchema,
  vectorAnswerSchema,
]);

export type LabelsAnswer = z.infer<typeof labelsAnswerSchema>;
export type EntitiesAnswer = z.infer<typeof entitiesAnswerSchema>;
export type Entity = EntitiesAnswer["entities"][number];
export type BoxesAnswer = z.infer<typeof boxesAnswerSchema>;
export type MaskAnswer = z.infer<typeof maskAnswerSchema>;
export type VectorAnswer = z.infer<typeof vectorAnswerSchema>;
export type StructuredAnswer = LabelsAnswer | EntitiesAnswer | BoxesAnswer | MaskAnswer | VectorAnswer;

export type StructuredOutputs = Exclude<BundleOutputs, { kind: "classes" | "value" }>;

export function hasStructure(outputs: BundleOutputs): outputs is StructuredOutputs {
  return outputs.kind !== "classes" && outputs.kind !== "value";
}

/** What a graph gave for some rows. */
export interface GraphResults {
  readonly rows: number;
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** What went in: raw columns and those of host transforms. */
  readonly columns: ReadonlyMap<string, Tensor>;
}

/** One answer a row, in order. */
export function readAnswers(outputs: StructuredOutputs, results: GraphResults): StructuredAnswer[] {
  if (results.rows === 0) return [];
  switch (outputs.kind) {
    case "labels":
      return readLabels(outputs, results);
    case "tags":
      return readEntities(outputs, results);
    case "boxes":
      return readBoxes(outputs, results);
    case "mask":
      return readMasks(outputs, results);
    case "vector":
      return eachRow(results, (row) => ({ vector: Array.from(cell(results, "vector", row)) }));
  }
}

export type Outputs<Kind extends StructuredOutputs["kind"]> = Extract<StructuredOutputs, { kind: Kind }>;

const eachRow = <T>({ rows }: GraphResults, read: (row: number) => T): T[] =>
  Array.from({ length: rows }, (_, row) => read(row));

/** The numbers of one row of a tensor. */
function cell({ rows, tensors }: GraphResults, name: string, row: number): ArrayLike<number> {
  return numbersAt(tensors[name]!, rows, row);
}

function numbersAt({ data }: Tensor, rows: number, row: number): ArrayLike<number> {
  const width = data.length / rows;
  const [start, end] = [row * width, (row + 1) * width];
  return data instanceof BigInt64Array
    ? Array.from(data.subarray(start, end), Number)
    : (data as Float32Array).subarray(start, end);
}

/** No prototype: a label may be called `__proto__`. */
function byName(names: readonly string[], value: (index: number) => number): Record<string, number> {
  const record: Record<string, number> = Object.create(null);
  for (const [index, name] of names.entries()) record[name] = value(index);
  return record;
}

function readLabels({ labels, thresholds }: Outputs<"labels">, results: GraphResults): LabelsAnswer[] {
  return eachRow(results, (row) => {
    const probabilities = cell(results, "probabilities", row);
    return {
      labels: labels.filter((_, index) => probabilities[index]! >= thresholds[index]!),
      probabilities: byName(labels, (index) => probabilities[index]!),
    };
  });
}

/** Of each row: the offset behind the last piece of its text that was read; 0: none. */
export function readingEnds({ spans }: Outputs<"tags">, { rows, columns }: GraphResults): number[] {
  if (rows === 0) return [];
  const places = columns.get(spans)!;
  return Array.from({ length: rows }, (_, row) => {
    const own = numbersAt(places, rows, row);
    let reach = 0;
    for (let place = 1; place < own.length && own[place]! > 0; place += 2) reach = own[place]!;
    return reach;
  });
}

/** Spans of the text by the pieces' tags; a piece that is not there (it ends at 0) is passed over. */
function readEntities({ tags, text, spans }: Outputs<"tags">, results: GraphResults): EntitiesAnswer[] {
  const { rows, columns } = results;
  const texts = columns.get(text)!.data as readonly string[];
  return eachRow(results, (row) => {
    const places = numbersAt(columns.get(spans)!, rows, row);
    const codes = cell(results, "tags", row);
    const scores = cell(results, "scores", row);
    let count = 0;
    while (count < codes.length && places[2 * count + 1]! > 0) count++;
    const names = Array.from({ length: count }, (_, piece) => tags[codes[piece]!] ?? "O");
    const entities = spansOfTags(names).map(({ start: first, end: behind, label }): Entity => {
      const [start, end] = [places[2 * first]!, places[2 * behind - 1]!];
      let score = 1;
      for (let piece = first; piece < behind; piece++) score = Math.min(score, scores[piece]!);
      return { start, end, text: texts[row]!.slice(start, end), label, score };
    });
    return { entities };
  });
}

/** Boxes with a score of 0 are none. */
function readBoxes({ labels }: Outputs<"boxes">, results: GraphResults): BoxesAnswer[] {
  return eachRow(results, (row) => {
    const corners = cell(results, "boxes", row);
    const scores = cell(results, "scores", row);
    const classes = cell(results, "classes", row);
    const boxes = Array.from({ length: scores.length }, (_, k): BoxesAnswer["boxes"][number] => {
      const [left, top, right, bottom] = [0, 1, 2, 3].map((side) => corners[4 * k + side]!) as [
        number,
        number,
        number,
        number,
      ];
      return {
        label: labels[classes[k]!] ?? "",
        score: scores[k]!,
        box: [left, top, right - left, bottom - top],
      };
    }).filter(({ score }) => score > 0);
    return { boxes: boxes.sort((a, b) => b.score - a.score) };
  });
}

function readMasks(outputs: Outputs<"mask">, results: GraphResults): MaskAnswer[] {
  return eachRow(results, (row) => maskAnswerOf(cell(results, "mask", row), outputs));
}

/** @param classes of each pixel, row after row; those beyond the labels are in no share */
export function maskAnswerOf(classes: ArrayLike<number>, { labels, height, width }: MaskShape): MaskAnswer {
  const runs: number[] = [];
  const counts = new Float64Array(256);
  for (let at = 0; at < classes.length; at++) {
    counts[classes[at]!]!++;
    if (runs.length > 0 && runs.at(-2) === classes[at]) runs[runs.length - 1]!++;
    else runs.push(classes[at]!, 1);
  }
  const shares = byName(labels, (index) => counts[index]! / classes.length);
  return { mask: { width, height, runs }, shares };
}

interface MaskShape {
  readonly labels: readonly string[];
  readonly height: number;
  readonly width: number;
}
