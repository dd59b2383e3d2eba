/** Folders of pictures with boxes or masks, as tables: one row for each picture. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import type { TableNote } from "../../../../engines/table/index.js";
import { QuernError } from "../../../../foundation/base/errors.js";
import { type AnnotatedPicture, malformed } from "./annotated-picture.js";
import { AnnotationFaults } from "./annotation-faults.js";
import { looksLikeCoco, readCoco } from "./coco.js";
import { FolderFiles, folderPart, joined, lastPart, withoutEnding } from "./folder-files.js";
import { readVoc } from "./voc.js";
import { looksLikeYoloData, readClassNames, readYoloData, readYoloLabels, type YoloData } from "./yolo.js";

/** Names of the columns that annotated pictures have as a table. */
export const ANNOTATED_COLUMNS = {
  image: "image",
  /** JSON: `[{"label":"cat","box":[0.1,0.2,0.5,0.4]}]`, shares of the picture. */
  objects: "objects",
  /** The path of a picture with the class of every pixel. */
  mask: "mask",
  /** `train`, `validation` or `test`, where the annotations say so. */
  part: "part",
} as const;

export const ANNOTATED_FORMATS = ["coco", "yolo", "voc", "masks"] as const;
export type AnnotatedFormat = (typeof ANNOTATED_FORMATS)[number];

export const isAnnotated = (format: string | undefined): format is AnnotatedFormat =>
  (ANNOTATED_FORMATS as readonly (string | undefined)[]).includes(format);

type Part = "train" | "validation" | "test";

export interface AnnotatedRow {
  readonly image: string;
  readonly objects?: string;
  readonly mask?: string;
  readonly part?: Part;
}

export interface AnnotatedFolder {
  /** What all paths are relative to. */
  readonly path: string;
  readonly format: AnnotatedFormat;
  /** In the order of the pictures' paths. */
  readonly rows: readonly AnnotatedRow[];
  /** Files beside the pictures, from which the rows were made. */
  readonly files: readonly string[];
  /** What was left out. */
  readonly notes: readonly TableNote[];
}

/**
 * What a location is, told by its files: a folder with a `data.yaml` of YOLO, JSON of COCO, XML of Pascal VOC, or pictures
 * beside masks; or one JSON file of COCO, whose pictures lie beside it or beside its folder `annotations`.
 * @param format absent: the first that fits; a folder that holds tables is none then
 * @throws QuernError DATA_MALFORMED naming file and line or entry
 */
export function annotatedFolderAt(path: string, format?: AnnotatedFormat): AnnotatedFolder | undefined {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile()) return cocoFileAt(path, format);
  if (!status?.isDirectory()) return undefined;
  const files = new FolderFiles(path);
  if (!format && files.paths.some((name) => TABLE_FILE.test(name))) return undefined;
  for (const kind of format ? [format] : ANNOTATED_FORMATS) {
    const found = READERS[kind](files);
    if (found) return finished(path, kind, found);
  }
  if (!format) return undefined;
  throw new QuernError("DATA_NOT_FOUND", `The folder ${path} holds nothing that is read as ${format}.`, {
    details: { folder: path, format },
    hint: "The guide has the layout of folders with annotations.",
  });
}

/** At the top of a folder. */
const TABLE_FILE = /^[^/]+\.(csv|tsv|tab|jsonl|ndjson|parquet|xlsx)(\.gz)?$/i;
const HEAD_BYTES = 2 ** 16;

function cocoFileAt(path: string, format?: AnnotatedFormat): AnnotatedFolder | undefined {
  if (!/\.json$/i.test(path) || (format && format !== "coco")) return undefined;
  const head = Buffer.alloc(HEAD_BYTES);
  const handle = openSync(path, "r");
  try {
    const start = head.toString("utf8", 0, readSync(handle, head, 0, HEAD_BYTES, 0));
    if (!/^\s*\{/.test(start) || !/"(info|licenses|images|annotations|categories)"\s*:/.test(start))
      return undefined;
  } finally {
    closeSync(handle);
  }
  const own = dirname(path);
  const folder = basename(own) === "annotations" ? dirname(own) : own;
  const found = readCocoFolder(new FolderFiles(folder), relative(folder, path));
  return found && finished(folder, "coco", found);
}

function finished(path: string, format: AnnotatedFormat, { rows, files, faults }: Found): AnnotatedFolder {
  const sorted = [...rows].sort((a, b) => (a.image < b.image ? -1 : 1));
  return { path, format, rows: settleParts(sorted), files, notes: faults?.settle() ?? [] };
}

interface Found extends Pick<AnnotatedFolder, "rows" | "files"> {
  /** Of objects; absent where there are none to read. */
  readonly faults?: AnnotationFaults;
}
type Reader = (files: FolderFiles) => Found | undefined;

/** One part alone divides nothing; where one part is beside the training pictures, it is what is judged. */
function settleParts(rows: readonly AnnotatedRow[]): readonly AnnotatedRow[] {
  const met = new Set(rows.map(({ part }) => part));
  const isDivided = met.has("train") && met.size > 1 && !met.has(undefined);
  return rows.map(({ part, ...row }) => {
    if (!isDivided || !part) return row;
    return { ...row, part: met.has("test") || part === "train" ? part : "test" };
  });
}

const PART_NAMES: readonly (readonly [RegExp, Part])[] = [
  [/(^|[._/-])train(ing)?(\d|[._/-]|$)/i, "train"],
  [/(^|[._/-])val(id|idation)?(\d|[._/-]|$)/i, "validation"],
  [/(^|[._/-])test(ing)?(\d|[._/-]|$)/i, "test"],
];
const partNamed = (path: string): { part?: Part } => {
  const part = PART_NAMES.find(([pattern]) => pattern.test(path))?.[1];
  return part ? { part } : {};
};

const objectsOf = ({ objects }: Pick<AnnotatedPicture, "objects">): string => JSON.stringify(objects);

function missingPicture(file: string, name: string): QuernError {
  return malformed(
    { file },
    `the folder holds no picture ${JSON.stringify(name)}`,
    "Put the picture into the folder.",
  );
}

/** @param only absent: every JSON file of COCO, at the top or one or two folders below */
function readCocoFolder(files: FolderFiles, only?: string): Found | undefined {
  const texts = files.paths
    .filter((path) => (only ? path === only : /\.json$/i.test(path) && path.split("/").length <= 3))
    .map((path) => [path, files.read(path)] as const)
    .filter(([, text]) => looksLikeCoco(text));
  if (texts.length === 0) return undefined;
  const rows = new Map<string, AnnotatedRow>();
  const faults = new AnnotationFaults();
  for (const [path, text] of texts) {
    // `annotations/instances_train2017.json` is of the pictures in `train2017`.
    const named = /_([^_]+)\.json$/i.exec(path)?.[1] ?? "";
    for (const picture of readCoco(text, path, faults)) {
      const image =
        files.findPicture(picture.name, folderPart(path)) ??
        files.findPicture(picture.name, named) ??
        picture.name;
      if (rows.has(image)) throw malformed({ file: path }, `the picture ${image} is annotated twice`);
      rows.set(image, { image, objects: objectsOf(picture), ...partNamed(path) });
    }
  }
  requireSomePicture(files, texts[0]![0], [...rows.keys()]);
  return { rows: [...rows.values()], files: texts.map(([path]) => path), faults };
}

/** Some may be missing: their rows are left out like those of damaged pictures. @throws QuernError where none is there */
function requireSomePicture(files: FolderFiles, file: string, pictures: readonly string[]): void {
  if (pictures.length > 0 && !pictures.some((path) => files.has(path))) {
    throw missingPicture(file, pictures[0]!);
  }
}

function readYoloFolder(files: FolderFiles): Found | undefined {
  const candidates = files.paths.filter((path) => /^[^/]+\.ya?ml$/i.test(path));
  const said = candidates.find((path) => looksLikeYoloData(files.read(path)));
  const file = said ?? CLASS_LISTS.find((path) => files.has(path));
  if (said === undefined && !hasYoloLabels(files)) return undefined;
  if (file === undefined) throw namelessClasses();
  const text = files.read(file);
  const data = said
    ? readYoloData(text, file)
    : { names: readClassNames(text, file), root: "", parts: {} satisfies YoloData["parts"] };
  const listed = yoloPictures(files, file, data);
  const read = new Set<string>();
  const faults = new AnnotationFaults();
  const rows = [...listed].flatMap(([image, part]): AnnotatedRow[] => {
    const labels = labelsOf(image);
    const has = files.has(labels);
    if (has) read.add(labels);
    const objects = has ? readYoloLabels(files.read(labels), labels, data.names, faults) : [];
    return objects ? [{ image, objects: objectsOf({ objects }), ...(part ? { part } : {}) }] : [];
  });
  if (listed.size === 0) throw malformed({ file }, "the folders that it names hold no picture");
  if (read.size === 0)
    throw malformed({ file }, `there is no file of labels, such as ${labelsOf([...listed.keys()][0]!)}`);
  return { rows, files: [file, ...read], faults };
}

/** Where tools write names of classes that have no `data.yaml`. */
const CLASS_LISTS = ["classes.txt", "labels/classes.txt", "obj.names"];

/** Whether labels in the form of YOLO lie beside pictures. */
function hasYoloLabels(files: FolderFiles): boolean {
  const labelled = files.pictures
    .map(labelsOf)
    .filter((path) => path.startsWith("labels/") && files.has(path));
  const texts = labelled.slice(0, MOST_LOOKED_AT).map((path) => files.read(path));
  const lines = texts.flatMap((text) => text.split(/\r?\n/)).filter((line) => line.trim() !== "");
  return lines.length > 0 && lines.every((line) => /^\s*\d+(\s+-?\d*\.?\d+([eE]-?\d+)?){4,}\s*$/.test(line));
}

const MOST_LOOKED_AT = 20;

const namelessClasses = (): QuernError =>
  malformed(
    { file: "labels/" },
    "the labels have numbers of classes, and no file says their names",
    "Write `data.yaml` with `train: images` and `names: [cat, dog]`, or `classes.txt` with one name on each line.",
  );

/** `images/train/a.jpg` has its labels in `labels/train/a.txt`. */
function labelsOf(image: string): string {
  const steps = image.split("/");
  const at = steps.lastIndexOf("images");
  if (at >= 0) steps[at] = "labels";
  return `${withoutEnding(steps.join("/"))}.txt`;
}

/** Pictures with their part; all pictures of the folder where `data.yaml` names no part. */
function yoloPictures(
  files: FolderFiles,
  file: string,
  { parts, root }: YoloData,
): Map<string, Part | undefined> {
  const pictures = new Map<string, Part | undefined>();
  for (const [part, places] of Object.entries(parts) as [Part, readonly string[]][]) {
    for (const place of places) {
      const found = picturesAt(files, place, root);
      if (found.length === 0 && part === "train") {
        throw malformed({ file }, `${part}: ${JSON.stringify(place)} names no picture in the folder`);
      }
      for (const picture of found) if (!pictures.has(picture)) pictures.set(picture, part);
    }
  }
  if (Object.keys(parts).length === 0) for (const picture of files.pictures) pictures.set(picture, undefined);
  return pictures;
}

/** Paths of the machine on which a `data.yaml` was written mean the same folders here. */
function picturesAt(files: FolderFiles, place: string, root: string): readonly string[] {
  const candidates = [
    joined(root, place),
    joined(place),
    joined(...place.split("/").slice(-2)),
    lastPart(place),
  ];
  for (const path of candidates) {
    if (/\.txt$/i.test(path) && files.has(path)) {
      const names = files
        .read(path)
        .split(/\r?\n/)
        .filter((line) => line.trim() !== "");
      return names.flatMap((name) => files.findPicture(name.trim(), folderPart(path)) ?? []);
    }
    const inside = files.pictures.filter((picture) => path === "" || picture.startsWith(`${path}/`));
    if (inside.length > 0) return inside;
  }
  return [];
}

function readVocFolder(files: FolderFiles): Found | undefined {
  const documents = files.paths.filter((path) => /\.xml$/i.test(path));
  const texts = documents
    .map((path) => [path, files.read(path)] as const)
    .filter(([, text]) => /<annotation[\s>]/.test(text.slice(0, 1000)));
  if (texts.length === 0) return undefined;
  const parts = vocParts(files);
  const faults = new AnnotationFaults();
  const rows = texts.flatMap(([path, text]): AnnotatedRow[] => {
    const picture = faults.readPicture(() => readVoc(text, path, faults))?.value;
    if (!picture) return [];
    const stem = withoutEnding(lastPart(path));
    const folder = folderPart(path);
    const image =
      (picture.name && files.findPicture(picture.name, folder)) ||
      ["jpg", "jpeg", "png", "JPG"]
        .map((ending) => files.findPicture(`${stem}.${ending}`, folder))
        .find(Boolean) ||
      picture.name ||
      `${stem}.jpg`;
    const part = parts.get(stem) ?? partNamed(folder).part;
    return [{ image, objects: objectsOf(picture), ...(part ? { part } : {}) }];
  });
  requireSomePicture(
    files,
    texts[0]![0],
    rows.map(({ image }) => image),
  );
  return { rows, files: texts.map(([path]) => path), faults };
}

/** By `ImageSets/Main/train.txt` and the like: names of pictures without their ending. */
function vocParts(files: FolderFiles): ReadonlyMap<string, Part> {
  const parts = new Map<string, Part>();
  for (const [name, part] of [
    ["train", "train"],
    ["val", "validation"],
    ["test", "test"],
  ] as const) {
    for (const path of files.paths.filter((one) => one.endsWith(`ImageSets/Main/${name}.txt`))) {
      for (const line of files.read(path).split(/\r?\n/)) {
        const stem = line.trim().split(/\s+/)[0];
        if (stem) parts.set(stem, part);
      }
    }
  }
  return parts;
}

const PAIRS = [
  ["images", "masks"],
  ["JPEGImages", "SegmentationClass"],
] as const;

function readMaskFolder(files: FolderFiles): Found | undefined {
  for (const [pictures, masks] of PAIRS) {
    const isIn = (path: string, folder: string) => path.split("/").slice(0, -1).includes(folder);
    const byStem = new Map<string, string>();
    for (const path of files.pictures.filter((one) => isIn(one, masks))) {
      byStem.set(withoutEnding(path).replace(/_mask$/i, ""), path);
    }
    if (byStem.size === 0) continue;
    const rows = files.pictures
      .filter((path) => isIn(path, pictures))
      .flatMap((image): AnnotatedRow[] => {
        const stem = withoutEnding(
          image
            .split("/")
            .map((step) => (step === pictures ? masks : step))
            .join("/"),
        );
        const mask = byStem.get(stem);
        return mask === undefined ? [] : [{ image, mask, ...partNamed(folderPart(image)) }];
      });
    if (rows.length === 0) {
      throw malformed(
        { file: [...byStem.values()][0]! },
        `no picture in ${pictures}/ has the name of a mask in ${masks}/`,
        "Give a picture and its mask the same name, in two folders side by side.",
      );
    }
    const named = ["labelmap.txt", "classes.txt"].filter((name) => files.has(name));
    return { rows, files: [...rows.map(({ mask }) => mask!), ...named] };
  }
  return undefined;
}

const READERS: Readonly<Record<AnnotatedFormat, Reader>> = {
  yolo: readYoloFolder,
  coco: (files) => readCocoFolder(files),
  voc: readVocFolder,
  masks: readMaskFolder,
};
