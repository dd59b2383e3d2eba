/** What a network that reads takes of a feature frame: the table, and the tokens of each text. */

import { createFrame, type Frame, type TokensColumn } from "../../../../foundation/contracts/frame.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import { type Design, designInGraph, predictionDesign, trainingDesign } from "../../numeric/design.js";
import { TABLE, tableTensor } from "../table-input.js";

/** A plain value. */
export interface TextInputs {
  /** Positions of the feature matrix: all columns but texts and images. */
  readonly features: number;
  readonly texts: readonly {
    readonly length: number;
    readonly vocabulary: number;
    /** Of the column, where a row is several texts. */
    readonly separator?: number;
  }[];
}

export const textName = (index: number): string => `text-${index}`;

function parts(frame: Frame): { table: Frame; texts: TokensColumn[] } {
  const all = [...frame.columns];
  const table = all.filter(([, { kind }]) => kind !== "tokens" && kind !== "image");
  const texts = all.flatMap(([, column]) => (column.kind === "tokens" ? [column] : []));
  return { table: createFrame(table, frame.rows), texts };
}

/**
 * Inputs of the network by name: `table` float32 [N, D] where there is one, `text-k` int32 [N, L].
 * @throws QuernError TRAINING_FAILED naming `trainer`, for features that are not finite
 */
export function trainingInputs(
  frame: Frame,
  trainer: string,
): { inputs: TextInputs; tensors: Record<string, Tensor> } {
  const { table, texts } = parts(frame);
  const design = trainingDesign(table, trainer);
  const inputs = {
    features: design.width,
    texts: texts.map(({ length, vocabulary, separator }) => ({
      ...{ length, vocabulary },
      ...(separator === undefined ? {} : { separator }),
    })),
  };
  return { inputs, tensors: tensorsOf(frame.rows, design, texts) };
}

/** The same of rows to predict; features that are not finite count as 0. */
export function predictionInputs(frame: Frame, inputs: TextInputs): Record<string, Tensor> {
  const { table, texts } = parts(frame);
  return tensorsOf(frame.rows, predictionDesign(table, inputs.features), texts);
}

function tensorsOf(rows: number, design: Design, texts: readonly TokensColumn[]): Record<string, Tensor> {
  const named = texts.map(({ values: data, length }, k): [string, Tensor] => [
    textName(k),
    { type: "int32", shape: [rows, length], data },
  ]);
  const table: [string, Tensor][] =
    design.width > 0 || texts.length === 0 ? [[TABLE, tableTensor(design)]] : [];
  return Object.fromEntries([...table, ...named]);
}

/** The same inside the exported graph. */
export function graphInputs(
  graph: GraphBuilder,
  columns: readonly GraphColumn[],
): Record<string, GraphValue> {
  const texts = columns.filter(({ kind }) => kind === "tokens");
  const table = columns.filter(({ kind }) => kind !== "tokens" && kind !== "image");
  return Object.fromEntries([
    ...(table.length > 0 ? [[TABLE, designInGraph(graph, table)] as const] : []),
    ...texts.map(({ value }, k) => [textName(k), value] as const),
  ]);
}
