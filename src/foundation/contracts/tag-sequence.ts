/** Tags of words (`O`, `B-place`, `I-place`, `E-place`, `S-place`) and the stretches of words they mean. */

/** A stretch of words: first, and behind the last. */
export interface WordSpan {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

interface Tag {
  /** `O` outside; begin, inside, end, single. */
  readonly part: string;
  readonly label: string;
}

const OUTSIDE: Tag = { part: "O", label: "" };

function parseTag(tag: string): Tag {
  if (tag === "O") return OUTSIDE;
  const dash = tag.indexOf("-");
  return dash < 0 ? { part: tag, label: "" } : { part: tag.slice(0, dash), label: tag.slice(dash + 1) };
}

/**
 * The stretches that a sequence of tags means, in order: IOB1, IOB2 (BIO) and IOBES alike, and what is no sequence of any
 * of these in the way that conlleval (Tjong Kim Sang, 2000) and seqeval read it: a part without a beginning begins one.
 */
export function spansOfTags(tags: readonly string[]): WordSpan[] {
  const spans: WordSpan[] = [];
  let start = 0;
  let before = OUTSIDE;
  for (let word = 0; word <= tags.length; word++) {
    const tag = word < tags.length ? parseTag(tags[word]!) : OUTSIDE;
    if (before.part !== "O" && ends(before, tag)) spans.push({ start, end: word, label: before.label });
    if (tag.part !== "O" && begins(before, tag)) start = word;
    before = tag;
  }
  return spans;
}

const isFresh = ({ part }: Tag): boolean => part === "B" || part === "S" || part === "O";
const isOver = ({ part }: Tag): boolean => part === "E" || part === "S";

const ends = (before: Tag, tag: Tag): boolean => isOver(before) || isFresh(tag) || before.label !== tag.label;

const begins = (before: Tag, tag: Tag): boolean =>
  isFresh(tag) || isOver(before) || before.part === "O" || before.label !== tag.label;

/** The labels that tags name, each once, in order. */
export function labelsOfTags(tags: readonly string[]): string[] {
  return [...new Set(tags.filter((tag) => tag !== "O").map((tag) => parseTag(tag).label))];
}
