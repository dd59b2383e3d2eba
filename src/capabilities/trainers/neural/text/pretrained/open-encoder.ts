import { QuernError } from "../../../../../foundation/base/errors.js";
import type { NetworkTensors } from "../../inference.js";
import type { TextEncoderConfig } from "./config.js";
import { ENCODER } from "./encoder-scores.js";
import { type PretrainedEncoder, readEncoder } from "./read-encoder.js";

export interface OpenEncoder {
  readonly encoder: PretrainedEncoder;
  /** By the names they have inside a network with a head: below `ENCODER`. */
  readonly tensors: NetworkTensors;
}

/** The encoder read last, by the content of its folder: all folds of a training ask for the same one. */
let last: { readonly key: string; readonly value: OpenEncoder } | undefined;

/** @throws QuernError TRAINING_FAILED naming `trainer` where no model is named; what reading it throws */
export function openEncoder(
  trainer: string,
  { model, content }: Pick<TextEncoderConfig, "model" | "content">,
): OpenEncoder {
  if (model === "") {
    throw new QuernError("TRAINING_FAILED", `The trainer ${trainer} needs a pretrained encoder.`, {
      hint: `Write \`models: [{ trainer: ${trainer}, model: path/to/encoder }]\`.`,
      details: { trainer },
    });
  }
  const key = `${model}\n${content}`;
  if (last?.key === key && content !== "") return last.value;
  const encoder = readEncoder(model);
  const tensors = Object.fromEntries(
    Object.entries(encoder.tensors).map(([name, tensor]) => [`${ENCODER}.${name}`, tensor]),
  );
  const value = { encoder, tensors };
  last = { key, value };
  return value;
}

/** Ids that the tokenizer can give must be rows of the encoder's table. @throws QuernError TRAINING_FAILED */
export function checkVocabulary(trainer: string, pieces: number, { architecture }: PretrainedEncoder): void {
  if (pieces <= architecture.vocabulary) return;
  throw new QuernError(
    "TRAINING_FAILED",
    `The trainer ${trainer} cannot read these texts: their tokenizer has ${pieces} pieces, the encoder ${architecture.vocabulary}.`,
    { hint: "Keep tokenizer.json and the weights of one model together.", details: { trainer } },
  );
}
