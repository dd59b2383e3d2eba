import { expect, it } from "vitest";
import { entitiesOfTexts, type TextPart } from "./long-texts.js";

const SIZE = 12;
/** Reads so many characters at once, but never half a word, and finds capital words. */
const ask = async (texts: readonly string[]): Promise<TextPart[]> =>
  texts.map((text) => {
    const pieces = Array.from(text.matchAll(/[^\s.!]+|[.!]/g)).filter(
      ({ index, 0: piece }) => index + piece.length <= SIZE || index === 0,
    );
    const last = pieces.at(-1);
    return {
      reach: last ? last.index + last[0].length : 0,
      entities: pieces
        .filter(([piece]) => /^[A-Z]/.test(piece))
        .map(({ index, 0: piece }) => {
          return { start: index, end: index + piece.length, text: piece, label: "name", score: 1 };
        }),
    };
  });

it("finds what is anywhere in a text, once and at its place, and ends", async () => {
  const texts = [
    "",
    "   ",
    "Ann",
    "no name. Ann and Bob saw Carl! then they went on to Rome.  ",
    `${"x ".repeat(50)}Zoe`,
    "averylongwordthatnobodyreads Ann",
  ];
  const found = await entitiesOfTexts(texts, ask);
  for (const [row, { entities }] of found.entries()) {
    const expected = Array.from(texts[row]!.matchAll(/[A-Z][a-z]+/g), ({ index, 0: name }) => [index, name]);
    expect(entities.map(({ start, text }) => [start, text])).toEqual(expected);
    for (const { start, end, text } of entities) expect(texts[row]!.slice(start, end)).toBe(text);
  }
});
