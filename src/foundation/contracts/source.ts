import { z } from "zod";

export const SOURCE_FORMATS = [
  "csv",
  "tsv",
  "json",
  "jsonl",
  "parquet",
  "xlsx",
  "idx",
  "images",
  "conll",
  "coco",
  "yolo",
  "voc",
  "masks",
] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

/** What the user may say about a source; everything left out is found from the content. */
export const sourceOptionsSchema = z.strictObject({
  format: z.enum(SOURCE_FORMATS).optional(),
  delimiter: z.string().length(1).optional(),
  /** `"`, `'` or "" for none. */
  quote: z.string().max(1).optional(),
  /** A WHATWG encoding label: `utf-8`, `utf-16le`, `gb18030`, `windows-1252`, … */
  encoding: z.string().optional(),
  header: z.boolean().optional(),
  /** Lines (of a sheet: rows) before the header, or before the first row where there is none. */
  skipLines: z.number().int().nonnegative().optional(),
  /** Name of a sheet, or its number from 1. Default the first. */
  sheet: z.string().optional(),
});
export type SourceOptions = z.infer<typeof sourceOptionsSchema>;

/** Where rows came from, as recorded with a dataset version. */
export const sourceDescriptionSchema = z.strictObject({
  /** As the user would find it again: file name, URL or `-`. */
  name: z.string(),
  format: z.enum(SOURCE_FORMATS),
  bytes: z.number().int().nonnegative(),
  encoding: z.string().optional(),
  compressed: z.boolean().optional(),
});
export type SourceDescription = z.infer<typeof sourceDescriptionSchema>;
