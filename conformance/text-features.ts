import { trainTokenizer } from "../src/capabilities/features/host/subwords/train-tokenizer.js";
import { wordSubwords } from "../src/capabilities/features/host/words/word-subwords.js";
import { words } from "../src/capabilities/features/host/words/words.js";
import { createFrame, type Frame } from "../src/foundation/contracts/frame.js";
import { workContext } from "./work-context.js";

const frameOf = (texts: readonly string[]): Frame => createFrame([["text", { kind: "text", values: texts }]]);

/** Makes the columns of the transform `words`, fitted on the texts. */
export function wordFeatures(
  texts: readonly string[],
  config: Readonly<Record<string, unknown>>,
): (texts: readonly string[]) => Frame {
  const state = words.fit(frameOf(texts), words.config.parse(config), workContext());
  return (others) => words.apply(frameOf(others), state);
}

/** Makes the columns of the transform `word-subwords` by a tokenizer with few pieces, fitted on the texts. */
export function subwordFeatures(
  texts: readonly string[],
  { pieces, length }: { readonly pieces: number; readonly length: number },
): (texts: readonly string[]) => Frame {
  const options = { model: "wordpiece", vocabulary: pieces, minimumCount: 1, lowerCase: true } as const;
  const config = wordSubwords.config.parse({ tokenizer: trainTokenizer(texts, options), length });
  const state = wordSubwords.fit(frameOf(texts), config, workContext());
  return (others) => wordSubwords.apply(frameOf(others), state);
}
