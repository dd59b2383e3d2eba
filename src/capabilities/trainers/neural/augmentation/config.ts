import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";

const share = (title: string, help: string) =>
  z.number().min(0).max(0.9).default(0).register(fields, { title, help });

/** How texts are changed anew each time that a network learns from them. */
export const textAugmentationFields = {
  synonyms: share(
    "Synonyms",
    "Share of words that another of their group in `synonymFile` takes the place of (EDA: Wei and Zou, 2019).",
  ),
  synonymFile: z.string().default("").register(fields, {
    title: "File of synonyms",
    help: "Groups of words of one meaning: a JSON list of lists, or a line of words with commas between for each group; relative to quern.yaml.",
  }),
  swaps: share(
    "Swaps",
    "Share of words that change places with another; Chinese: neighbouring characters (EDA).",
  ),
  deletions: share("Deletions", "Share of words, in Chinese of characters, that are left out (EDA)."),
  typos: share(
    "Typing errors",
    "Share of words with one: a letter twice, missing, beside its key or changed with the next (Belinkov and Bisk, 2018); Chinese: neighbouring characters.",
  ),
  rewrites: share(
    "Rewritten texts",
    "Share of texts that one of their rewritings in `rewriteFile` takes the place of: translated there and back (Sennrich et al., 2016), paraphrased.",
  ),
  rewriteFile: z.string().default("").register(fields, {
    title: "File of rewritten texts",
    help: "JSON: { text: [rewritings] }, or a .jsonl file of { text, rewritings }; relative to quern.yaml.",
  }),
  augmentationContent: z.string().default("").register(fields, {
    title: "Content of the files",
    help: "SHA-256 of both; filled in, so that other words are another configuration.",
  }),
};
const schema = z.strictObject(textAugmentationFields);
export type TextAugmentation = z.infer<typeof schema>;
