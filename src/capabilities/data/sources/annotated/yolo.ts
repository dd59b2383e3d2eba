import { parse } from "yaml";
import { z } from "zod";
import {
  type AnnotatedObject,
  boxInside,
  malformed,
  type Place,
  type ShareBox,
} from "./annotated-picture.js";
import type { AnnotationFaults } from "./annotation-faults.js";

const places = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const dataSchema = z.object({
  path: z.string().optional(),
  train: places.optional(),
  val: places.optional(),
  test: places.optional(),
  nc: z.number().optional(),
  names: z.union([z.array(z.string().min(1)).min(1), z.record(z.string().regex(/^\d+$/), z.string().min(1))]),
});

/** What a `data.yaml` says. */
export interface YoloData {
  /** By number. */
  readonly names: readonly string[];
  /** Folders of pictures, or lists of them, by part; as the file names them. */
  readonly parts: Readonly<Partial<Record<"train" | "validation" | "test", readonly string[]>>>;
  /** What they are relative to, as the file names it. */
  readonly root: string;
}

export const looksLikeYoloData = (text: string): boolean => /^names\s*:/m.test(text);

/** @throws QuernError DATA_MALFORMED */
export function readYoloData(text: string, file: string): YoloData {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw malformed({ file }, `it is no YAML (${(cause as Error).message.split("\n")[0]})`);
  }
  const parsed = dataSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw malformed({ file }, `${issue.path.join(".") || "the file"}: ${issue.message}`);
  }
  const { nc, path = "", train, val, test } = parsed.data;
  const names = Array.isArray(parsed.data.names) ? parsed.data.names : numbered(parsed.data.names, file);
  if (nc !== undefined && nc !== names.length) {
    throw malformed(
      { file },
      `nc says ${nc} classes, but names has ${names.length}`,
      "Name every class under names, in the order of their numbers, and let nc be their count or leave it out.",
    );
  }
  const list = (given: string | readonly string[] | undefined) =>
    given === undefined ? undefined : typeof given === "string" ? [given] : given;
  const parts = { train: list(train), validation: list(val), test: list(test) };
  return {
    names,
    root: path,
    parts: Object.fromEntries(Object.entries(parts).filter(([, folders]) => folders)),
  };
}

function numbered(names: Readonly<Record<string, string>>, file: string): string[] {
  const count = Object.keys(names).length;
  return Array.from({ length: count }, (_, code) => {
    const name = names[code];
    if (name === undefined) throw malformed({ file }, `names: there is no class ${code} among ${count}`);
    return name;
  });
}

/**
 * Names of classes in their order: one on each line, or those of a `data.yaml`. A last empty line counts for nothing.
 * @throws QuernError DATA_MALFORMED naming file and line
 */
export function readClassNames(text: string, file: string): readonly string[] {
  if (looksLikeYoloData(text)) return readYoloData(text, file).names;
  const names = text
    .replace(/^\uFEFF/, "")
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trim());
  const lines = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const line = index + 1;
    if (name === "") throw malformed({ file, line }, "it is empty, and every line is the name of a class");
    const earlier = lines.get(name);
    if (earlier)
      throw malformed({ file, line }, `${JSON.stringify(name)} is the name of line ${earlier} too`);
    lines.set(name, line);
  }
  return names;
}

/**
 * The labels of one picture for YOLO: a line for each object, its class by number, then the centre, width and height as
 * shares of the picture; or, for outlines, the corners, of which the box around them is taken.
 * Undefined where a line is among the faults.
 */
export function readYoloLabels(
  text: string,
  file: string,
  names: readonly string[],
  faults: AnnotationFaults,
): AnnotatedObject[] | undefined {
  const objects: AnnotatedObject[] = [];
  let isWhole = true;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "") continue;
    const read = faults.read(() => readLine(line, { file, line: index + 1 }, names));
    if (!read) isWhole = false;
    else if (read.value) objects.push(read.value);
  }
  if (isWhole) return objects;
  faults.lose();
  return undefined;
}

/** Undefined for a box without an area. @throws QuernError DATA_MALFORMED */
function readLine(line: string, place: Place, names: readonly string[]): AnnotatedObject | undefined {
  const [code, ...shares] = line.split(/\s+/).map(Number) as [number, ...number[]];
  const label = names[code];
  const isOutline = shares.length >= 6 && shares.length % 2 === 0;
  if (!(shares.length === 4 || isOutline) || shares.some(Number.isNaN)) {
    throw malformed(
      place,
      `${JSON.stringify(line.slice(0, 60))} is no object`,
      "Write the number of the class, then centre x, centre y, width and height as shares of the picture.",
    );
  }
  if (label === undefined) {
    throw malformed(
      place,
      `there is no class ${line.split(/\s+/)[0]}; the ${names.length} classes count from 0`,
    );
  }
  if (shares.every((share) => share > 1)) {
    throw malformed(
      place,
      "its sides are larger than the whole picture: they look like pixels",
      "YOLO's boxes are shares: divide x and width by the width of the picture, y and height by its height.",
    );
  }
  const box = boxInside(isOutline ? boxAround(shares) : boxOfCentre(shares), { width: 1, height: 1 }, place);
  return box && { label, box };
}

const boxOfCentre = ([x, y, width, height]: readonly number[]): ShareBox => [
  x! - width! / 2,
  y! - height! / 2,
  width!,
  height!,
];

function boxAround(corners: readonly number[]): ShareBox {
  const xs = corners.filter((_, k) => k % 2 === 0);
  const ys = corners.filter((_, k) => k % 2 === 1);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}
