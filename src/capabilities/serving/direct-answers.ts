import type { DirectModel } from "../../engines/onnx/index.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { scalarsReader } from "../../foundation/contracts/cell-reader.js";
import { OUTPUT_TENSORS } from "../../foundation/contracts/model-graph.js";
import {
  type Prediction,
  type PredictionColumns,
  type Row,
  toPredictionRows,
} from "../../foundation/contracts/prediction.js";
import { hasStructure } from "../../foundation/contracts/structured-answers.js";

/** @returns `undefined` for a row with a mistake, which the encoding of rows then names */
export type AnswerRow = (row: Row) => Prediction | undefined;

/**
 * From a row to its answer without a tensor in between, for models whose columns hold one value each and go into the
 * graph as they are.
 */
export function directAnswers(manifest: Manifest, model: DirectModel): AnswerRow | undefined {
  const { inputs, graphInputs, hostTransforms, outputs } = manifest;
  if (hostTransforms.length > 0 || hasStructure(outputs)) return undefined;
  const places = graphInputs.map(({ column }) => inputs.findIndex((input) => input.column.name === column));
  const read = scalarsReader(places.map((place) => inputs[place]!));
  const row = model.scalarRow(graphInputs.map(({ tensor }) => tensor));
  // Columns that do not enter the graph would not be checked.
  if (!read || !row || graphInputs.length !== inputs.length) return undefined;
  const values: (number | string)[] = [];
  const { label, probabilities, prediction, low, high } = OUTPUT_TENSORS;
  const numbers = (output: string) => new Float64Array(row.numbers(output));
  const columns = (): PredictionColumns => {
    if (outputs.kind === "classes") {
      return {
        ...{ kind: "probabilities", values: numbers(probabilities), classes: outputs.classes.length },
        labels: row.texts(label),
      };
    }
    const ends = outputs.interval && { low: numbers(low), high: numbers(high) };
    return { kind: "values", values: numbers(prediction), ...(ends ? { ends } : {}) };
  };
  const classes = outputs.kind === "classes" ? outputs.classes : [];
  return (given) => {
    if (!read(given, values)) return undefined;
    row.run(values);
    return toPredictionRows(columns(), classes)[0];
  };
}
