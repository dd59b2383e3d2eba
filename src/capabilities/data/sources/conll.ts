/** Files of the CoNLL shared tasks (a word and its tag on each line) as a table of sentences and their entities. */

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { translateDiskError } from "../../../foundation/base/disk-errors.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { spansOfTags } from "../../../foundation/contracts/tag-sequence.js";

/** Names of the columns that such files have as a table. */
export const CONLL_COLUMNS = {
  text: "text",
  /** JSON: `[{"start":0,"end":5,"label":"place"}]`, offsets in UTF-16 units. */
  entities: "entities",
  /** Only where `-DOCSTART-` begins enough documents to divide them. */
  document: "document",
  /** Only where the names of several files say which part each is. */
  part: "part",
} as const;

export interface ConllFile {
  /** UTF-8. */
  readonly path: string;
  readonly name: string;
}

interface Sentence {
  readonly words: string[];
  readonly tags: string[];
  readonly document: number;
}

/** Fewer documents cannot be divided into parts. */
const LEAST_DOCUMENTS = 20;
const DOCUMENT_START = "-DOCSTART-";

/**
 * The last column is the tag (IOB1, IOB2, IOBES, BMES, BILOU), the first the word; an empty line ends a sentence. Words are
 * joined by spaces, Chinese, Japanese and single characters without.
 * @throws QuernError DATA_MALFORMED naming file and line, DATA_EMPTY, DISK_FULL
 */
export async function writeConllAsTable(
  files: readonly ConllFile[],
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  const parts = partsOf(files.map(({ name }) => name));
  const read = [];
  for (const file of files) read.push(await readSentences(file));
  const hasDocuments = read.reduce((sum, { documents }) => sum + documents, 0) >= LEAST_DOCUMENTS;
  const output = createWriteStream(target, { flags: "wx" });
  const failed = once(output, "error").then(([cause]) => {
    throw translateDiskError(cause, target);
  });
  failed.catch(() => undefined);
  for (const [index, { sentences }] of read.entries()) {
    signal?.throwIfAborted();
    const separate = separatorOf(sentences);
    const part = parts?.[index];
    for (const sentence of sentences) {
      const row = {
        ...textAndEntities(sentence, separate),
        ...(hasDocuments ? { [CONLL_COLUMNS.document]: `${index + 1}/${sentence.document}` } : {}),
        ...(part === undefined ? {} : { [CONLL_COLUMNS.part]: part }),
      };
      if (!output.write(`${JSON.stringify(row)}\n`)) await Promise.race([once(output, "drain"), failed]);
    }
  }
  output.end();
  await Promise.race([once(output, "close"), failed]);
}

async function readSentences(file: ConllFile): Promise<{ sentences: Sentence[]; documents: number }> {
  const sentences: Sentence[] = [];
  let words: string[] = [];
  let tags: string[] = [];
  let documents = 0;
  let line = 0;
  const finish = () => {
    if (words.length > 0) sentences.push({ words, tags, document: documents });
    [words, tags] = [[], []];
  };
  const handle = await open(file.path);
  try {
    for await (const raw of handle.readLines({ encoding: "utf-8" })) {
      line++;
      const text = raw.replace(/^\uFEFF/, "").trimEnd();
      if (text.trim() === "") finish();
      else if (text.startsWith(DOCUMENT_START)) {
        finish();
        documents++;
      } else if (words.length > 0 || !/^#\s/.test(text)) {
        const [word, tag] = readLine(text, file.name, line);
        words.push(word);
        tags.push(tag);
      }
    }
  } finally {
    await handle.close();
  }
  finish();
  if (sentences.length > 0) return { sentences, documents };
  throw new QuernError("DATA_EMPTY", `${file.name} holds no sentence.`, {
    details: { file: file.name },
    hint: "Give a file with a word and its tag on each line and an empty line behind each sentence.",
  });
}

/** Parts of tags in all schemes, as IOBES names them. */
const PART_NAMES: Readonly<Record<string, string>> = {
  B: "B",
  I: "I",
  M: "I",
  E: "E",
  L: "E",
  S: "S",
  U: "S",
};

function readLine(text: string, file: string, line: number): [word: string, tag: string] {
  const columns = text.includes("\t") ? text.split("\t") : text.trim().split(/ +/);
  const details = { file, line };
  if (columns.length < 2) {
    throw new QuernError("DATA_MALFORMED", `${file}, line ${line}: a word without a tag: ${shown(text)}.`, {
      details,
      hint: "Write the word, then its tag, with a space or a tab between them; an empty line ends a sentence.",
    });
  }
  const [word, written] = [columns[0]!.trim(), columns.at(-1)!.trim()];
  if (word === "") {
    throw new QuernError("DATA_MALFORMED", `${file}, line ${line}: the first column, the word, is empty.`, {
      details,
      hint: "Write a word in the first column, or leave the line out.",
    });
  }
  if (written === "O") return [word, "O"];
  const [, part, label] = /^([BIMELSU])-(.+)$/u.exec(written) ?? [];
  if (part !== undefined) return [word, `${PART_NAMES[part]}-${label}`];
  throw new QuernError("DATA_MALFORMED", `${file}, line ${line}: ${shown(written)} is no tag.`, {
    details,
    hint: "The last column of a line is its tag: O, or B-, I-, E- or S- and a label, such as B-person.",
  });
}

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** Scripts that are written without spaces, with their punctuation and full-width forms. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303F\uFF00-\uFFEF]/u;

/** What stands between two words: nothing in a file of single characters and beside scripts without spaces. */
function separatorOf(sentences: readonly Sentence[]): (before: string, after: string) => string {
  let unspaced = 0;
  let single = 0;
  let all = 0;
  for (const { words } of sentences) {
    for (const word of words) {
      all++;
      if (!UNSPACED.test(word)) continue;
      unspaced++;
      if (Array.from(word).length === 1) single++;
    }
  }
  const isByCharacter = unspaced > 0.5 * all && single > 0.9 * unspaced;
  if (isByCharacter) return () => "";
  return (before, after) =>
    UNSPACED.test(Array.from(before).at(-1)!) && UNSPACED.test(Array.from(after)[0]!) ? "" : " ";
}

function textAndEntities(
  { words, tags }: Sentence,
  separate: (before: string, after: string) => string,
): Record<string, string> {
  let text = "";
  const starts: number[] = [];
  for (const [index, word] of words.entries()) {
    if (index > 0) text += separate(words[index - 1]!, word);
    starts.push(text.length);
    text += word;
  }
  const entities = spansOfTags(tags).map(({ start, end, label }) => ({
    start: starts[start]!,
    end: starts[end - 1]! + words[end - 1]!.length,
    label,
  }));
  return { [CONLL_COLUMNS.text]: text, [CONLL_COLUMNS.entities]: JSON.stringify(entities) };
}

const FILE_PARTS: readonly (readonly [RegExp, string])[] = [
  [/(^|[._-])train(ing)?([._-]|$)/i, "train"],
  [/(^|[._-])(dev|val|valid|validation|testa)([._-]|$)/i, "validation"],
  [/(^|[._-])(test|testb|eval)([._-]|$)/i, "test"],
];

/** Which part each file is, where all names say so; where one part is beside the training files, it is what is judged. */
function partsOf(names: readonly string[]): readonly string[] | undefined {
  const parts = names.map((name) => FILE_PARTS.find(([pattern]) => pattern.test(basename(name)))?.[1]);
  const met = new Set(parts);
  if (!met.has("train") || met.size < 2 || met.has(undefined)) return undefined;
  return met.has("test") ? (parts as string[]) : parts.map((part) => (part === "train" ? "train" : "test"));
}
