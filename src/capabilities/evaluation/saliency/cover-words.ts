/** A text without each of its parts in turn. */

/** Longer texts are covered in runs of words. */
const MOST_PIECES = 40;

export interface CoveredTexts {
  /** Together the whole text. */
  readonly pieces: readonly string[];
  /** The text without each piece. */
  readonly variants: readonly string[];
}

/** Cuts where words end, in any script: the marks and spaces behind a word go with it. */
export function coverWords(text: string): CoveredTexts {
  const words: string[] = [];
  for (const { segment, isWordLike } of new Intl.Segmenter(undefined, { granularity: "word" }).segment(
    text,
  )) {
    if (isWordLike || words.length === 0) words.push(segment);
    else words[words.length - 1] += segment;
  }
  const run = Math.max(1, Math.ceil(words.length / MOST_PIECES));
  const pieces = Array.from({ length: Math.ceil(words.length / run) }, (_, k) =>
    words.slice(k * run, (k + 1) * run).join(""),
  );
  const variants = pieces.map((_, covered) => pieces.filter((_, k) => k !== covered).join(""));
  return { pieces, variants };
}
