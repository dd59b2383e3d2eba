import type { DirectModel, ScalarRow } from "../../engines/onnx/index.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { scalarsReader } from "../../foundation/contracts/cell-reader.js";
import { OUTPUT_TENSORS, type TabularOutputs } from "../../foundation/contracts/model-graph.js";
import { LATEST_MS } from "../../foundation/contracts/moment.js";
import { type Prediction, probabilitiesOf, type Row } from "../../foundation/contracts/prediction.js";
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
  // Times are exact as doubles; of other whole numbers that is not known.
  const times = places.flatMap((place, k) => (inputs[place]!.column.kind === "datetime" ? [k] : []));
  if (model.takesWholeNumbers && times.length === 0) return undefined;
  const values: (number | string)[] = [];
  const answer = answerReader(outputs, row);
  return (given) => {
    if (!read(given, values)) return undefined;
    // Beyond them the runtime has the word.
    for (const k of times) if (Math.abs(values[k] as number) > LATEST_MS) return undefined;
    row.run(values);
    return answer();
  };
}

/** Reads what the last run left. */
function answerReader(outputs: TabularOutputs, row: ScalarRow): () => Prediction {
  const { label, probabilities, prediction, low, high } = OUTPUT_TENSORS;
  if (outputs.kind === "classes") {
    const [labels, numbers] = [row.texts(label), row.numbers(probabilities)];
    return () => ({ label: labels[0]!, probabilities: probabilitiesOf(outputs.classes, numbers) });
  }
  const values = row.numbers(prediction);
  if (!outputs.interval) return () => ({ prediction: values[0]! });
  const [lows, highs] = [row.numbers(low), row.numbers(high)];
  return () => ({ prediction: values[0]!, interval: [lows[0]!, highs[0]!] });
}
