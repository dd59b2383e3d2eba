/** The user's files of synonyms and of rewritten texts. */
import { basename, dirname } from "node:path";
import { z } from "zod";
import { QuernError } from "../../../../foundation/base/errors.js";
import { readTextInside } from "../../../../foundation/base/text-file.js";
import { rewritingKey, type TextKnowledge } from "./change-texts.js";
import type { TextAugmentation } from "./config.js";

const MAX_BYTES = 2 ** 28;
const groupsSchema = z.array(z.array(z.string()));
const rewritesSchema = z.record(z.string(), z.array(z.string()));
const rewriteLine = z.object({
  text: z.string(),
  rewritings: z.union([z.string().transform((text) => [text]), z.array(z.string())]),
});

/** @throws QuernError DATA_NOT_FOUND; CONFIG_INVALID for a file of another form, or a share whose file is missing */
export function readKnowledge(settings: TextAugmentation): TextKnowledge {
  const { synonyms, synonymFile, rewrites, rewriteFile } = settings;
  for (const [key, share, file] of [
    ["synonymFile", synonyms, synonymFile],
    ["rewriteFile", rewrites, rewriteFile],
  ] as const) {
    if (share > 0 && file === "")
      throw invalid(key, `${share} of the texts are to change by it, but it names no file.`);
  }
  const groups = synonyms > 0 ? readGroups(synonymFile) : [];
  const words = groups.flat();
  return {
    synonyms: synonymsOf(groups),
    longest: words.reduce((most, word) => Math.max(most, Array.from(word).length), 1),
    rewrites: rewrites > 0 ? rewritingsOf(readRewrites(rewriteFile)) : new Map(),
  };
}

/** A list of each text; in a file of lines a text may stand on several. */
function readRewrites(file: string): (readonly [string, readonly string[]])[] {
  if (!/\.(jsonl|ndjson)$/i.test(file)) return Object.entries(parsed("rewriteFile", file, rewritesSchema));
  return readText(file)
    .split(/\r?\n/)
    .flatMap((line, index) => {
      if (line.trim() === "") return [];
      const { text, rewritings } = parsedText("rewriteFile", `${file}, line ${index + 1}`, line, rewriteLine);
      return [[text, rewritings] as const];
    });
}

/** What says the same as its text, or nothing, would change nothing. */
function rewritingsOf(
  given: readonly (readonly [string, readonly string[]])[],
): ReadonlyMap<string, readonly string[]> {
  const rewritings = new Map<string, string[]>();
  for (const [text, others] of given) {
    const key = rewritingKey(text);
    const known = rewritings.get(key) ?? [];
    known.push(...others.filter((other) => other.trim() !== "" && rewritingKey(other) !== key));
    if (known.length > 0) rewritings.set(key, known);
  }
  return rewritings;
}

function readGroups(file: string): string[][] {
  if (file.toLowerCase().endsWith(".json")) return parsed("synonymFile", file, groupsSchema);
  return readText(file)
    .split(/\r?\n/)
    .map((line) => line.split(/[,，\t]/).map((word) => word.trim()));
}

/** A word of several groups may become any of their words. */
function synonymsOf(groups: readonly (readonly string[])[]): ReadonlyMap<string, readonly string[]> {
  const others = new Map<string, Set<string>>();
  for (const group of groups) {
    const words = group.filter((word) => word !== "");
    for (const word of words) {
      const known = others.get(word.toLowerCase()) ?? new Set();
      for (const other of words) if (other.toLowerCase() !== word.toLowerCase()) known.add(other);
      if (known.size > 0) others.set(word.toLowerCase(), known);
    }
  }
  return new Map([...others].map(([word, known]) => [word, [...known]]));
}

const readText = (file: string): string => readTextInside(dirname(file), basename(file), MAX_BYTES);

const parsed = <T>(key: string, file: string, schema: z.ZodType<T>): T =>
  parsedText(key, file, readText(file), schema);

function parsedText<T>(key: string, where: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw invalid(key, `${where} has another form.`, cause);
  }
}

function invalid(key: string, why: string, cause?: unknown): QuernError {
  return new QuernError("CONFIG_INVALID", `${key}: ${why}`, {
    hint: 'Synonyms: a JSON list of lists, [["quick", "fast"]], or a line of words with commas for each group. Rewritten texts: {"text": ["rewriting"]}, or in a .jsonl file {"text": "…", "rewritings": ["…"]} on each line.',
    details: { key },
    ...(cause === undefined ? {} : { cause }),
  });
}
