/** The network for tables with texts: an encoder for each text beside the other features, then dense layers. */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { mixedRows } from "../augmentation/mixup.js";
import { dense } from "../layers/dense.js";
import type { NetworkKind } from "../network-kind.js";
import type { Scope, Values } from "../scope.js";
import { TABLE } from "../table-input.js";
import { ENCODERS, type EncoderShape } from "./encoders.js";
import { graphInputs, predictionInputs, type TextInputs, textName } from "./text-columns.js";
import { wideScores } from "./wide-part.js";

/** What the layers are; a plain value. */
export interface TextShape extends EncoderShape {
  readonly inputs: TextInputs;
  /** Whether pieces and pairs also count by themselves. */
  readonly wide: boolean;
  /** Of the scores of the deep part, what counts beside the wide one. */
  readonly deepShare: number;
  readonly widePairBuckets: number;
  /** Classes, or 1. */
  readonly outputs: number;
}

/** Input of a training: what the wide part says of the rows, float32 [N, outputs]. */
export const OFFSETS = "offsets";

/** Scores before the link, [N, outputs], of the inputs of `text-columns`: the sum of both parts. */
function textScores(scope: Scope, shape: TextShape, values: Values): GraphValue {
  const deep = deepScores(scope, shape, values);
  if (!shape.wide) return deep;
  const { x } = scope;
  const offsets = values[OFFSETS];
  if (offsets) return x.add(deep, mixedRows(scope, offsets, values));
  return x.add(x.mul(deep, shape.deepShare), wideScores(scope, shape, values));
}

function deepScores(scope: Scope, shape: TextShape, values: Values): GraphValue {
  const { x } = scope;
  const { inputs, outputs, width } = shape;
  const encode = ENCODERS[shape.architecture];
  const texts = inputs.texts.map((text, k) =>
    encode(scope.at(textName(k)), values[textName(k)]!, shape, text),
  );
  const table = values[TABLE];
  const others = table ? [x.apply("Relu", dense(scope.at(TABLE), table, width))] : [];
  const joined = mixedRows(scope, x.concat([...texts, ...others], 1), values);
  return dense(scope.at("output"), scope.dropout(joined, shape.dropout), outputs);
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
