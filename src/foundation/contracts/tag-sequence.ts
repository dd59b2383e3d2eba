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

/** The tags of these labels, IOBES: `O`, then begin, inside, end and single of each label. */
export function tagNames(labels: readonly string[]): string[] {
  return ["O", ...labels.flatMap((label) => TAG_PARTS.map((part) => `${part}-${label}`))];
}

const TAG_PARTS = ["B", "I", "E", "S"] as const;
/** Place of a tag of a label among the `tagNames`. */
export function tagCode(label: number, part: (typeof TAG_PARTS)[number]): number {
  return 1 + TAG_PARTS.length * label + TAG_PARTS.indexOf(part);
}

/** Of `tagNames` by their codes: where a sequence may begin and end, and which tag may follow which. */
export interface TagRules {
  readonly tags: number;
  mayBegin(tag: number): boolean;
  mayEnd(tag: number): boolean;
  mayFollow(before: number, tag: number): boolean;
}

export function tagRules(labels: number): TagRules {
  const part = (tag: number) => (tag === 0 ? "O" : TAG_PARTS[(tag - 1) % TAG_PARTS.length]!);
  const label = (tag: number) => Math.floor((tag - 1) / TAG_PARTS.length);
  const mayBegin = (tag: number) => ["O", "B", "S"].includes(part(tag));
  const mayEnd = (tag: number) => ["O", "E", "S"].includes(part(tag));
  return {
    tags: 1 + TAG_PARTS.length * labels,
    mayBegin,
    mayEnd,
    mayFollow: (before, tag) =>
      mayEnd(before) ? mayBegin(tag) : !mayBegin(tag) && label(before) === label(tag),
  };
}
