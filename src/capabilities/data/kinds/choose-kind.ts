import { IMAGE_FILE, isImageUri } from "../../../foundation/base/pictures/image-text.js";
import { halfWidth, isMissingText, parseVector, type ValueFormat } from "../../../foundation/base/values.js";
import type { ColumnKind } from "../../../foundation/contracts/column.js";
import type { ColumnEvidence } from "./column-evidence.js";
import { saysCounter, saysId, saysTime } from "./column-name-hints.js";
import { proposeDatetimeReading, proposeEpoch } from "./datetime-formats.js";
import { proposeNumberReading } from "./number-formats.js";
import { countWords, missingTexts, proposeBoolean, type WordCount } from "./word-kinds.js";

/** A kind with the evidence for it, to be checked against every cell. */
export interface Choice {
  readonly kind: ColumnKind;
  readonly reason: string;
  readonly format?: ValueFormat;
  readonly numericCategory?: boolean;
}

/** Whether a cell is an image, or the name of one that exists. */
export type IsImage = (cell: string) => boolean;

const NEARLY_UNIQUE = 0.97;
/** Of a column that is named like an id: below two rows a value, as values that hardly repeat have, it names rows. */
const NAMES_ROWS = 0.5;

/** Possible kinds, best first; the last one fits any cell. */
export function chooseKinds(evidence: ColumnEvidence, isImage: IsImage = isImageUri): Choice[] {
  if (evidence.present === 0) return [{ kind: "ignore", reason: "It has no values." }];
  switch (evidence.storage) {
    case "number":
      return [chooseForNumbers(evidence)];
    case "boolean":
      return [{ kind: "boolean", reason: "The source says true and false." }];
    case "datetime":
      return [{ kind: "datetime", reason: "The source gives times." }];
    case "vector":
      return [vectorChoice(evidence) ?? { kind: "ignore", reason: "Its lists differ in length." }];
    case "text":
      return chooseForTexts(evidence, isImage);
  }
}

function chooseForNumbers(evidence: ColumnEvidence): Choice {
  const { name, present, distinct, values, number } = evidence;
  const { min, max, integer } = number!;
  if (values?.length === 2 && min === 0 && max === 1)
    return { kind: "boolean", reason: "Its values are 0 and 1." };
  const unique = distinct >= present * NEARLY_UNIQUE;
  if (integer && saysId(name)) {
    const about = values ? count(distinct) : `about ${count(distinct)}`;
    if (distinct >= present * NAMES_ROWS) {
      return { kind: "id", reason: `Its name says so, and it has ${about} distinct whole numbers.` };
    }
    return { kind: "category", reason: codesReason(about, present / distinct), numericCategory: true };
  }
  if (integer && unique && present >= 10 && saysCounter(name) && isIncreasing(evidence.sample)) {
    return { kind: "id", reason: "Its name says so, and its whole numbers count up through the rows." };
  }
  if (integer && saysTime(name)) {
    const epoch = proposeEpoch(min, max);
    const unit = epoch === "epoch-s" ? "seconds" : "milliseconds";
    if (epoch) {
      const reason = `Its name says time, and its whole numbers are ${unit} since 1970 within 1990 to 2100.`;
      return { kind: "datetime", reason, format: { datetime: epoch } };
    }
    const reading = proposeDatetimeReading(evidence.sample.map(String), true);
    if (reading?.pattern === "%Y%m%d") {
      return {
        kind: "datetime",
        reason: "Its name says time, and its numbers are year, month, day.",
        format: { datetime: reading.pattern },
      };
    }
  }
  const range = integer
    ? `whole numbers from ${min} to ${max}`
    : `numbers from ${rounded(min)} to ${rounded(max)}`;
  return { kind: "number", reason: `Its values are ${range}.` };
}

const rounded = (value: number): string => String(Number(value.toPrecision(6)));
const count = (value: number): string => value.toLocaleString("en-US");

const codesReason = (distinct: string, rowsEach: number): string =>
  `Its name says id, but its ${distinct} values repeat in ${rowsEach.toFixed(1)} rows each, so they are codes of things.`;

function isIncreasing(sample: readonly unknown[]): boolean {
  return sample.every((value, index) => index === 0 || (value as number) > (sample[index - 1] as number));
}

/** A column is one of images when nearly all of so many cells look like it, and most of these are there. */
const IMAGE_SAMPLE = 200;
/** Where none of so many is there, half of all are not either; each look costs several calls of the file system. */
const IMAGE_PROBES = 20;
const IMAGE_SHARE = 0.95;
const FOUND_SHARE = 0.5;

function imageChoice({ sample }: ColumnEvidence, isImage: IsImage): Choice | undefined {
  const present = (sample as readonly string[]).filter((cell) => !isMissingText(cell.trim(), {}));
  const stride = Math.max(1, Math.floor(present.length / IMAGE_SAMPLE));
  const looked = present.filter((_, index) => index % stride === 0);
  const probes = Math.ceil(looked.length / IMAGE_PROBES);
  if (!looked.some((cell, index) => index % probes === 0 && isImage(cell))) return undefined;
  const found = looked.filter(isImage).length;
  if (found === 0 || found < looked.length * FOUND_SHARE) return undefined;
  const named = looked.filter((cell) => isImage(cell) || IMAGE_FILE.test(cell)).length;
  if (named < looked.length * IMAGE_SHARE) return undefined;
  return { kind: "image", reason: "Its texts are images, or name image files that exist." };
}

function chooseForTexts(evidence: ColumnEvidence, isImage: IsImage): Choice[] {
  const image = imageChoice(evidence, isImage);
  if (image) return [image];

  const listed = evidence.values as readonly WordCount[] | undefined;
  const texts = listed ? listed.map(({ value }) => value) : (evidence.sample as readonly string[]);
  const choices: Choice[] = [];
  const words = listed && proposeBoolean(listed);
  if (words) {
    const said = [...words.trueText, ...words.falseText].map((text) => JSON.stringify(text)).join(" and ");
    choices.push({ kind: "boolean", reason: `Its values are ${said}.`, format: { ...words } });
  }
  // The sample shows how common each way of writing is; the list of distinct values does not.
  const sample = evidence.sample as readonly string[];
  if (!looksLikeCodes(sample)) {
    const numbers = proposeNumberReading(sample);
    if (numbers)
      choices.push({
        kind: "number",
        reason: `Its texts are ${numbers.description}.`,
        format: numbers.format,
      });
  }
  const times = proposeDatetimeReading(sample, saysTime(evidence.name));
  if (times) {
    const doubt = times.ambiguous ? " (day and month could be the other way round)" : "";
    const reason = `Its texts are times written as ${times.pattern}${doubt}.`;
    choices.push({ kind: "datetime", reason, format: { datetime: times.pattern } });
  }
  const vector = vectorChoice(evidence);
  if (vector) choices.push(vector);
  choices.push(chooseAmongTextKinds(evidence, texts, listed));
  return choices;
}

/** A hash, a number plate, a part number: one word with digits in it, whose pieces say nothing. */
const isCode = (text: string): boolean => /^\s*[\w.:#/-]*\d[\w.:#/-]*\s*$/.test(text);

/** Leading zeros, or more digits than a number keeps. */
function looksLikeCodes(texts: readonly string[]): boolean {
  const codes = texts.filter((text) => /^\s*(0\d+|\d{16,})\s*$/.test(halfWidth(text))).length;
  return codes > texts.length * 0.01;
}

function vectorChoice(evidence: ColumnEvidence): Choice | undefined {
  if (evidence.storage === "text" && !evidence.sample.every((text) => /^\s*\[.*\]\s*$/s.test(String(text)))) {
    return undefined;
  }
  const lists = evidence.sample.map((value) => parseVector(value));
  const width = lists[0]?.length ?? 0;
  if (width < 1 || !lists.every((list) => list?.length === width)) return undefined;
  return { kind: "vector", reason: `Its values are lists of ${width} numbers.`, format: { width } };
}

function chooseAmongTextKinds(
  evidence: ColumnEvidence,
  texts: readonly string[],
  listed: readonly WordCount[] | undefined,
): Choice {
  const missing = missingTexts(listed ?? texts.map((value) => ({ value, count: 1 })));
  const format = missing.length > 0 ? { format: { missing } } : {};
  const real = texts.filter((text) => text.trim() !== "" && !missing.includes(text.trim().toLowerCase()));
  if (real.length === 0)
    return { kind: "ignore", reason: "It holds only texts that mean no value.", ...format };
  const distinct = listed ? real.length : evidence.distinct;
  const share = distinct / evidence.present;
  const mean = (measure: (text: string) => number): number =>
    real.reduce((sum, text) => sum + measure(text), 0) / real.length;
  const meanWords = mean(countWords);
  const oneToken =
    real.filter((text) => !/\s/.test(text.trim()) && text.length <= 64).length >= real.length * 0.95;
  const about = `${count(distinct)} distinct texts in ${count(evidence.present)} rows`;
  if (saysId(evidence.name) && oneToken) {
    return share >= NAMES_ROWS
      ? { kind: "id", reason: `Its name says so, and it has ${about}.`, ...format }
      : { kind: "category", reason: codesReason(count(distinct), 1 / share), ...format };
  }
  if (share >= NEARLY_UNIQUE && evidence.present >= 20 && oneToken && meanWords < 5) {
    return { kind: "id", reason: `Nearly every row has its own short text: ${about}.`, ...format };
  }
  const codes = real.filter(isCode).length >= real.length * 0.95;
  const prose = !codes && (meanWords >= 5 || mean((text) => text.length) >= 60);
  if (prose && (share > 0.2 || distinct > 1000)) {
    return {
      kind: "text",
      reason: `It has ${about}, ${meanWords.toFixed(1)} words each on average.`,
      ...format,
    };
  }
  if (distinct <= 50 || share <= 0.5) return { kind: "category", reason: `It has ${about}.`, ...format };
  if (codes)
    return { kind: "category", reason: `It has ${about}, which are codes without words.`, ...format };
  return { kind: "text", reason: `It has ${about}, too varied for a category.`, ...format };
}
