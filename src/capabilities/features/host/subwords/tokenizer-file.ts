/** Tokenizers as texts of `tokenizer.json` (Hugging Face tokenizers 0.21), trained here or given. */
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { QuernError } from "../../../../foundation/base/errors.js";

/** What is used of the library's class, whose own declarations do not resolve under Node's rules. */
export interface Tokenizer {
  readonly normalizer: { normalize(text: string): string } | null;
  readonly pre_tokenizer: { pre_tokenize_text(text: string): string[] } | null;
  readonly model: { readonly unk_token_id?: number } | null;
  encode(
    text: string,
    options?: { readonly add_special_tokens?: boolean; readonly text_pair?: string },
  ): { readonly ids: number[] };
  token_to_id(token: string): number | undefined;
  get_vocab(withAdded: boolean): Map<string, number>;
}

export type TokenizerModel = "wordpiece" | "bpe" | "unigram";

/** Pieces without a text of their own; their places are their ids. Padding is 0 in all tokens. */
export const SPECIAL_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;
export const UNKNOWN_ID = SPECIAL_PIECES.indexOf("[UNK]");
/** Before each piece that goes on with a word. */
export const CONTINUATION = "##";
/** Stands for a space in the pieces of Unigram. */
export const SPACE_MARK = "▁";

/** How texts become words before words become pieces. */
function surroundings(model: TokenizerModel, lowerCase: boolean): Record<string, unknown> {
  const lower = lowerCase ? [{ type: "Lowercase" }] : [];
  switch (model) {
    case "wordpiece":
      return {
        normalizer: {
          type: "BertNormalizer",
          clean_text: true,
          handle_chinese_chars: true,
          strip_accents: null,
          lowercase: lowerCase,
        },
        pre_tokenizer: { type: "BertPreTokenizer" },
        decoder: { type: "WordPiece", prefix: CONTINUATION, cleanup: true },
      };
    case "bpe":
      return {
        normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, ...lower] },
        pre_tokenizer: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
        decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
      };
    case "unigram":
      return {
        normalizer: { type: "Sequence", normalizers: [{ type: "NFKC" }, ...lower] },
        pre_tokenizer: {
          type: "Sequence",
          pretokenizers: [
            { type: "WhitespaceSplit" },
            { type: "Metaspace", replacement: SPACE_MARK, prepend_scheme: "always", split: true },
          ],
        },
        decoder: { type: "Metaspace", replacement: SPACE_MARK, prepend_scheme: "always", split: true },
      };
  }
}

function tokenizerText(kind: TokenizerModel, lowerCase: boolean, model: Record<string, unknown>): string {
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    // None: nothing in a text can stand for a special piece.
    added_tokens: [],
    post_processor: null,
    ...surroundings(kind, lowerCase),
    model,
  });
}

/** @param pieces beside the special ones, which come first, in the order of their ids */
export function wordPieceFile(pieces: readonly string[], lowerCase: boolean): string {
  return tokenizerText("wordpiece", lowerCase, {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: CONTINUATION,
    max_input_chars_per_word: 100,
    vocab: idsOf([...SPECIAL_PIECES, ...pieces]),
  });
}

/** @param merges pairs of pieces, the first to be joined first */
export function bytePairFile(
  pieces: readonly string[],
  merges: readonly (readonly [string, string])[],
  lowerCase: boolean,
): string {
  return tokenizerText("bpe", lowerCase, {
    type: "BPE",
    dropout: null,
    unk_token: "[UNK]",
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: idsOf([...SPECIAL_PIECES, ...pieces]),
    merges,
  });
}

/** @param pieces with their natural logarithms of probability */
export function unigramFile(pieces: readonly (readonly [string, number])[], lowerCase: boolean): string {
  return tokenizerText("unigram", lowerCase, {
    type: "Unigram",
    unk_id: UNKNOWN_ID,
    byte_fallback: false,
    vocab: [...SPECIAL_PIECES.map((piece) => [piece, 0] as const), ...pieces],
  });
}

function idsOf(pieces: readonly string[]): Record<string, number> {
  return Object.fromEntries(pieces.map((piece, id) => [piece, id]));
}

/** Cuts texts into the words whose pieces a tokenizer learns: exactly as the trained one will. */
export function createWordSplitter(model: TokenizerModel, lowerCase: boolean): (text: string) => string[] {
  const { normalizer, pre_tokenizer: split } = openTokenizer(wordlessFile(model, lowerCase));
  return (text) => split!.pre_tokenize_text(normalizer!.normalize(text)).filter((word) => word !== "");
}

function wordlessFile(model: TokenizerModel, lowerCase: boolean): string {
  if (model === "wordpiece") return wordPieceFile([], lowerCase);
  return model === "bpe" ? bytePairFile([], [], lowerCase) : unigramFile([], lowerCase);
}

/** @throws QuernError CONFIG_INVALID when the text is no `tokenizer.json` that is understood */
export function openTokenizer(file: string): Tokenizer {
  try {
    return new LibraryTokenizer(JSON.parse(file) as object, {}) as Tokenizer;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new QuernError("CONFIG_INVALID", `The tokenizer cannot be used: ${reason}`, {
      cause,
      hint: "Give a tokenizer.json with a WordPiece, BPE or Unigram model.",
    });
  }
}
