import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { createFrame, type TextColumn } from "../../../foundation/contracts/frame.js";
import { defineTransform, type Transform } from "../../../foundation/contracts/transform.js";

const config = z.strictObject({
  unit: z
    .enum(["word", "character"])
    .default("word")
    .register(fields, { title: "Unit", help: "Words, or single characters with white space shown as `␣`." }),
  lowerCase: z.boolean().default(true).register(fields, { title: "Lower case" }),
  minimumLength: z
    .number()
    .int()
    .min(1)
    .default(2)
    .register(fields, { title: "Shortest word", unit: "characters", help: "Han words may be shorter." }),
  han: z.enum(["characters", "words"]).default("characters").register(fields, {
    title: "Chinese",
    help: "Han characters one by one, or segmented into words where a segmenter is at hand.",
  }),
  maximumTokens: z
    .number()
    .int()
    .min(1)
    .default(2000)
    .register(fields, { title: "Most tokens", help: "The rest of a longer text is dropped." }),
});
type TokensState = z.infer<typeof config>;

/** Cuts a run of Han characters into words. */
export type HanSegmenter = (text: string) => string[];

const WORD = /[\p{L}\p{M}\p{N}_]+/gu;
const HAN_RUN = /\p{Script=Han}+/u;
const HAN_RUNS = /(\p{Script=Han}+)/u;
const SPACE = "␣";

/**
 * Text to tokens joined by single spaces, which is what the graph splits: no standard operator can cut a text
 * into words, and lower case there depends on the machine's locale. Text is normalised to NFC first.
 * @throws QuernError UNSUPPORTED from `apply` when words of Chinese are wanted without a segmenter
 */
export function createTokens(segmenter?: HanSegmenter): Transform<typeof config, TokensState> {
  return defineTransform<typeof config, TokensState>({
    id: "tokens",
    version: 1,
    summary: "Cuts text into words or characters, lower-cased and joined by spaces.",
    config,
    accepts: ["text"],
    fit: (_frame, settings) => settings,
    apply(frame, state) {
      const tokenize = state.unit === "character" ? characters : wordsWith(state, segmenter);
      const columns = [...frame.columns].map(([name, column]) => {
        const values = (column as TextColumn).values.map((text) => {
          const normal = text.normalize("NFC");
          const tokens = tokenize(state.lowerCase ? normal.toLowerCase() : normal);
          return tokens.slice(0, state.maximumTokens).join(" ");
        });
        return [name, { kind: "text", values }] as const;
      });
      return createFrame(columns, frame.rows);
    },
  });
}

function characters(text: string): string[] {
  return Array.from(text.replace(/\s+/gu, SPACE));
}

function wordsWith(
  { han, minimumLength }: TokensState,
  segmenter?: HanSegmenter,
): (text: string) => string[] {
  if (han === "words" && !segmenter) {
    throw new QuernError(
      "UNSUPPORTED",
      "These features cut Chinese into words, and no segmenter is at hand.",
      {
        hint: "Install the optional package @node-rs/jieba, or train with `han: characters`.",
      },
    );
  }
  const cut = han === "words" ? segmenter! : (run: string) => Array.from(run);
  return (text) =>
    (text.match(WORD) ?? []).flatMap((word) => {
      if (!HAN_RUN.test(word)) return Array.from(word).length >= minimumLength ? [word] : [];
      return word.split(HAN_RUNS).flatMap((part) => {
        if (HAN_RUN.test(part)) return cut(part).filter((token) => token.trim() !== "");
        return Array.from(part).length >= minimumLength ? [part] : [];
      });
    });
}
