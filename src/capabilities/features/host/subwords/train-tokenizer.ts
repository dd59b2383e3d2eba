import { trainMerges } from "./merges.js";
import {
  bytePairFile,
  CONTINUATION,
  createWordSplitter,
  SPECIAL_PIECES,
  type TokenizerModel,
  unigramFile,
  wordPieceFile,
} from "./tokenizer-file.js";
import { trainUnigram } from "./unigram.js";

export interface TokenizerOptions {
  readonly model: TokenizerModel;
  /** Pieces at most, special ones included. */
  readonly vocabulary: number;
  /** What occurs less often is not learnt. */
  readonly minimumCount: number;
  readonly lowerCase: boolean;
}

/** Texts beyond so many characters are sampled evenly: pieces are about what is common. */
const ENOUGH_CHARACTERS = 20_000_000;

/** Learns the pieces of the texts. @returns the text of a `tokenizer.json` */
export function trainTokenizer(texts: readonly string[], options: TokenizerOptions): string {
  const { model, lowerCase, minimumCount } = options;
  const words = countWords(texts, createWordSplitter(model, lowerCase));
  const pieces = Math.max(0, options.vocabulary - SPECIAL_PIECES.length);
  switch (model) {
    case "wordpiece": {
      const learnt = trainMerges(words, { pieces, minimumCount, continuation: CONTINUATION });
      return wordPieceFile(learnt.pieces, lowerCase);
    }
    case "bpe": {
      const learnt = trainMerges(words, {
        pieces,
        minimumCount,
        continuation: "",
        alphabet: byteCharacters(),
      });
      return bytePairFile(learnt.pieces, learnt.merges, lowerCase);
    }
    case "unigram":
      return unigramFile(trainUnigram(words, { pieces, minimumCount }), lowerCase);
  }
}

function countWords(texts: readonly string[], split: (text: string) => string[]): Map<string, number> {
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const stride = Math.max(1, Math.ceil(characters / ENOUGH_CHARACTERS));
  const counts = new Map<string, number>();
  for (let k = 0; k < texts.length; k += stride) {
    for (const word of split(texts[k]!)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/** A visible character for each byte, as byte-level BPE writes them (Radford et al., 2019: GPT-2). */
function byteCharacters(): string[] {
  const isVisible = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : next++));
}
