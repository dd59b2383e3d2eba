/** The network for tables with texts: an encoder for each text beside the other features, then dense layers. */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { mixedRows } from "../augmentation/mixup.js";
import { dense } from "../layers/dense.js";
import type { NetworkKind } from "../network-kind.js";
import type { Scope, Values } from "../scope.js";
import { TABLE } from "../table-input.js";
import { ENCODERS, type EncoderShape, wideScores } from "./encoders.js";
import { graphInputs, predictionInputs, type TextInputs, textName } from "./text-columns.js";

/** What the layers are; a plain value. */
export interface TextShape extends EncoderShape {
  readonly inputs: TextInputs;
  /** Whether pieces and pairs also count by themselves. */
  readonly wide: boolean;
  /** Classes, or 1. */
  readonly outputs: number;
}

const WIDE = "wide";

/** Whether a parameter belongs to the wide part. */
export function isWide(name: string): boolean {
  return name.startsWith(WIDE);
}

/** Scores before the link, [N, outputs], of the inputs of `text-columns`. */
function textScores(scope: Scope, shape: TextShape, values: Values): GraphValue {
  const { x } = scope;
  const { inputs, outputs, width } = shape;
  const encode = ENCODERS[shape.architecture];
  const texts = inputs.texts.map((text, k) =>
    encode(scope.at(textName(k)), values[textName(k)]!, shape, text),
  );
  const table = values[TABLE];
  const others = table ? [x.apply("Relu", dense(scope.at(TABLE), table, width))] : [];
  const joined = mixedRows(scope, x.concat([...texts, ...others], 1), values);
  const scores = dense(scope.at("output"), scope.dropout(joined, shape.dropout), outputs);
  if (!shape.wide) return scores;
  return inputs.texts.reduce((sum, { vocabulary }, k) => {
    const place = scope.at(`${WIDE}-${k}`);
    const wide = wideScores(place, values[textName(k)]!, shape, { vocabulary, outputs });
    return x.add(sum, mixedRows(scope, wide, values));
  }, scores);
}

/** The values of a text take much memory. */
const ROWS_AT_ONCE = 32;

/** An encoder for each text beside the other features. */
export const TEXT_NETWORK: NetworkKind<TextShape> = {
  scores: textScores,
  inputs: (features, { inputs }) => predictionInputs(features, inputs),
  graphInputs,
  rowsAtOnce: () => ROWS_AT_ONCE,
  texts: ({ inputs }) => inputs.texts.map((_, k) => textName(k)),
};
