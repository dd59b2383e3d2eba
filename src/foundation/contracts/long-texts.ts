/** Texts of any length, read by a model that reads so many pieces at once: part by part. */
import type { EntitiesAnswer, Entity } from "./structured-answers.js";

/** What a model said of the beginning of a text. */
export interface TextPart extends EntitiesAnswer {
  /** Offset behind the last piece that it read; 0: none. */
  readonly reach: number;
}

/** Marks behind which nothing is cut apart. */
const SENTENCE_END = /[.!?](?=\s)|[。！？\n]/gu;

/**
 * The entities of whole texts. The next part begins behind the last sentence that was read whole, if it ends in the second
 * half of what was read; otherwise at the entity that reaches the end of it, or there.
 * @param ask reads the beginnings of other texts, in order
 */
export async function entitiesOfTexts(
  texts: readonly string[],
  ask: (texts: readonly string[]) => Promise<readonly TextPart[]>,
): Promise<EntitiesAnswer[]> {
  const found = texts.map((): Entity[] => []);
  let open = texts.map((text, row) => ({ row, text, offset: 0 }));
  while (open.length > 0) {
    const parts = await ask(open.map(({ text }) => text));
    const rests: typeof open = [];
    for (const [index, { row, text, offset }] of open.entries()) {
      const part = parts[index]!;
      const end = endOf(text, part);
      for (const entity of part.entities) {
        if (entity.end > end) continue;
        found[row]!.push({ ...entity, start: entity.start + offset, end: entity.end + offset });
      }
      if (end < text.length) rests.push({ row, text: text.slice(end), offset: offset + end });
    }
    open = rests;
  }
  return found.map((entities) => ({ entities }));
}

/** Where the part ends whose entities count; the length of the text where nothing is left to read. */
function endOf(text: string, { reach, entities }: TextPart): number {
  if (reach === 0 || !/\S/u.test(text.slice(reach))) return text.length;
  const ends = Array.from(text.slice(0, reach).matchAll(SENTENCE_END), ({ index }) => index + 1);
  const isInside = (place: number) => entities.some(({ start, end }) => start < place && place < end);
  const sentence = ends.filter((end) => end >= reach / 2 && !isInside(end)).at(-1);
  if (sentence !== undefined) return sentence;
  const touching = entities.find(({ start, end }) => end === reach && start > 0);
  return touching?.start ?? reach;
}
