import { formatPercent } from "../../foundation/base/number-text.js";
import type { BundleInput, Manifest } from "../../foundation/contracts/bundle.js";
import { hasStructure, type StructuredOutputs } from "../../foundation/contracts/structured-answers.js";
import { labelsOfTags } from "../../foundation/contracts/tag-sequence.js";

/** Longer lists of categories are typed as plain text. */
const MAXIMUM_UNION = 100;

/**
 * A TypeScript module for one model: the type of its rows, of its answers, and a client that asks
 * `POST /predict/{model}`. It imports nothing.
 */
export function typesFor(manifest: Manifest): string {
  const name = typeName(manifest.name);
  return [
    `/** ${comment(`${manifest.name}@${manifest.version}: predicts ${manifest.target}.`)} Written by \`quern export --types\`; do not edit. */`,
    rowType(name, manifest.inputs),
    predictionType(name, manifest),
    clientCode(name, manifest.name),
  ].join("\n\n");
}

function rowType(name: string, inputs: readonly BundleInput[]): string {
  const fields = inputs.map((input) => {
    const { column, optional, required } = input;
    const note = describe(input);
    const property = `  readonly ${propertyName(column.name)}${optional ? "?" : ""}: ${valueType(input)}${required ? "" : " | null"};`;
    return note ? `  /** ${comment(note)} */\n${property}` : property;
  });
  return [`/** One row; null = unknown. */`, `export interface ${name}Row {`, ...fields, "}"].join("\n");
}

function valueType({ column, categories }: BundleInput): string {
  switch (column.kind) {
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "datetime":
      return "string | number | Date";
    case "vector":
      return "readonly number[]";
    case "image":
      return "{ height: number; width: number; channels: number; data: Uint8Array | string }";
    default: {
      if (!categories || categories.length === 0 || categories.length > MAXIMUM_UNION) return "string";
      const numbers = column.numericCategory ? " | number" : "";
      // `string & {}` admits new categories and keeps the completion of the known ones.
      return `${union(categories)} | (string & {})${numbers}`;
    }
  }
}

function describe({ column, range }: BundleInput): string {
  if (!range) return column.kind === "category" ? "" : column.kind;
  const [low, high] =
    column.kind === "datetime"
      ? range.map((epochMs) => new Date(epochMs).toISOString())
      : range.map((value) => String(Number(value.toPrecision(7))));
  return `${column.kind}, in training ${low} to ${high}`;
}

function predictionType(name: string, { outputs }: Manifest): string {
  if (outputs.kind === "value")
    return [
      `export interface ${name}Prediction {`,
      "  readonly prediction: number;",
      ...(outputs.interval
        ? [
            `  /** Holds the truth of ${formatPercent(outputs.interval.level, 0)} of rows like those of training. */`,
            "  readonly interval: readonly [number, number];",
          ]
        : []),
      "}",
    ].join("\n");
  if (hasStructure(outputs)) return structureType(name, outputs);
  return [
    `export type ${name}Label = ${union(outputs.classes)};`,
    `export interface ${name}Prediction {`,
    `  readonly label: ${name}Label;`,
    `  readonly probabilities: Readonly<Record<${name}Label, number>>;`,
    "}",
  ].join("\n");
}

function structureType(name: string, outputs: StructuredOutputs): string {
  const labels = "labels" in outputs ? union(outputs.labels) : "string";
  const shapes: Readonly<Record<StructuredOutputs["kind"], string>> = {
    labels: `{ readonly labels: readonly ${name}Label[]; readonly probabilities: Readonly<Record<${name}Label, number>> }`,
    tags: `{ readonly entities: readonly { readonly start: number; readonly end: number; readonly text: string; readonly label: ${name}Label; readonly score: number }[] }`,
    boxes: `{ readonly boxes: readonly { readonly label: ${name}Label; readonly score: number; readonly box: readonly [number, number, number, number] }[] }`,
    mask: `{ readonly mask: { readonly width: number; readonly height: number; readonly runs: readonly number[] }; readonly shares: Readonly<Record<${name}Label, number>> }`,
    vector: "{ readonly vector: readonly number[] }",
  };
  const label =
    outputs.kind === "tags" ? union(labelsOfTags(outputs.tags)) : outputs.kind === "vector" ? "" : labels;
  return [
    ...(label === "" ? [] : [`export type ${name}Label = ${label};`]),
    `export type ${name}Prediction = ${shapes[outputs.kind]};`,
  ].join("\n");
}

function clientCode(name: string, model: string): string {
  return `export interface ${name}ClientOptions {
  /** Where \`quern serve\` answers, for example "http://127.0.0.1:8080". */
  readonly url: string;
  /** Sent as \`Authorization: Bearer\`. */
  readonly token?: string;
  readonly fetch?: typeof globalThis.fetch;
}

export class ${name}Client {
  readonly #options: ${name}ClientOptions;

  constructor(options: ${name}ClientOptions) {
    this.#options = options;
  }

  /** One answer a row, in order. */
  async predict(rows: readonly ${name}Row[], signal?: AbortSignal): Promise<${name}Prediction[]> {
    const { url, token, fetch = globalThis.fetch } = this.#options;
    const response = await fetch(new URL(${JSON.stringify(`/predict/${encodeURIComponent(model)}`)}, url), {
      method: "POST",
      headers: { "content-type": "application/json", ...(token ? { authorization: \`Bearer \${token}\` } : {}) },
      body: JSON.stringify(rows),
      ...(signal ? { signal } : {}),
    });
    const body = await response.json();
    if (!response.ok) throw new Error(body?.error?.message ?? \`The server answered \${response.status}.\`);
    return body.predictions;
  }

  async predictOne(row: ${name}Row, signal?: AbortSignal): Promise<${name}Prediction> {
    return (await this.predict([row], signal))[0]!;
  }
}
`;
}

const propertyName = (name: string): string =>
  /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name) ? name : JSON.stringify(name);

const union = (texts: readonly string[]): string => texts.map((text) => JSON.stringify(text)).join(" | ");

/** PascalCase of the letters and digits in a name; also for names that are not Latin. */
function typeName(name: string): string {
  const words = name.split(/[^\p{ID_Continue}]+/u).filter((word) => word !== "");
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
  return /^\p{ID_Start}/u.test(joined) ? joined : `Model${joined}`;
}

const comment = (text: string): string => text.replace(/\s+/gu, " ").replaceAll("*/", "*\\/");
