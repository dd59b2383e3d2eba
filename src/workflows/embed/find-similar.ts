/** Rows of a catalogue that are nearest to given ones, by the vectors of a model. */
import { extname, resolve } from "node:path";
import type { LoadedBundle } from "../../capabilities/bundles/index.js";
import { createVectorIndex, type Vectors } from "../../capabilities/similarity/vector-index.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { csvLine } from "../../foundation/base/csv-line.js";
import { QuernError } from "../../foundation/base/errors.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import { OUTPUT_TENSORS } from "../../foundation/contracts/model-graph.js";
import { type WorkflowContext, type WorkflowOptions, workflowContext } from "../context.js";
import type { PictureFailure } from "../load/images.js";
import { refuseMostLost } from "../load/readable-rows.js";
import { withModel } from "../use/open-model.js";
import { idColumn, openRows, type ReadingOptions, readIds, readInputs } from "../use/reading.js";

export interface FindSimilarRequest {
  readonly model: string;
  /** Rows that are looked for. */
  readonly source: string;
  /** Rows that are found. */
  readonly catalogue: string;
  /** A row that is found, or its id where the model has an id column. */
  readonly count: number;
  /** .csv or .jsonl; absent: the neighbours are only returned. */
  readonly out?: string | undefined;
  readonly reading?: ReadingOptions;
}

export interface Similar {
  /** Number of the row that is looked for, from 1; or its id. */
  readonly row: number | string;
  readonly rank: number;
  /** Number of the row of the catalogue, from 1; or its id. */
  readonly match: number | string;
  readonly similarity: number;
}

export interface FindSimilarResult {
  readonly model: string;
  readonly version: number;
  readonly rows: number;
  readonly catalogueRows: number;
  /** Rows of either whose picture cannot be read; they are neither looked for nor found. */
  readonly leftOut: number;
  readonly output: string | null;
  readonly similar: readonly Similar[];
}

/** Without a file, so many rows are returned. */
const MOST_RETURNED = 100_000;
const CHUNK_ROWS = 1000;

/** @throws QuernError UNSUPPORTED for a model that gives no vectors; what reading the rows throws */
export function findSimilar(
  request: FindSimilarRequest,
  options: WorkflowOptions = {},
): Promise<FindSimilarResult> {
  const context = workflowContext(options);
  return withModel(request.model, context, options, async ({ bundle }) => {
    const { name, version, outputs } = bundle.manifest;
    if (outputs.kind !== "vector") {
      throw new QuernError("UNSUPPORTED", `${name}@${version} gives no vectors.`, {
        hint: "Make a model of vectors first: quern embed MODEL --name NAME.",
      });
    }
    const reading = request.reading ?? {};
    const catalogue = await embedded(bundle, outputs.width, request.catalogue, reading, context);
    const asked = await embedded(bundle, outputs.width, request.source, reading, context);
    const found = createVectorIndex(catalogue.vectors).nearest(asked.vectors, request.count);
    const similar = found.flatMap(({ rows, similarities }, row) =>
      Array.from(
        rows,
        (match, k): Similar => ({
          row: nameOf(asked, row),
          rank: k + 1,
          match: nameOf(catalogue, match),
          similarity: Number(similarities[k]!.toFixed(6)),
        }),
      ),
    );
    const output =
      request.out === undefined ? null : writeSimilar(resolve(context.folder, request.out), similar);
    return {
      ...{ model: name, version, rows: asked.rows, catalogueRows: catalogue.rows, output },
      leftOut: asked.rows - asked.numbers.length + catalogue.rows - catalogue.numbers.length,
      similar: similar.slice(0, MOST_RETURNED),
    };
  });
}

interface EmbeddedRows {
  readonly rows: number;
  readonly vectors: Vectors;
  /** Of the row behind each vector, from 0. */
  readonly numbers: readonly number[];
  /** Of all rows. */
  readonly names?: readonly string[];
}

const nameOf = ({ names, numbers }: EmbeddedRows, position: number): string | number => {
  const row = numbers[position]!;
  return names?.[row] ?? row + 1;
};

async function embedded(
  bundle: LoadedBundle,
  width: number,
  source: string,
  reading: ReadingOptions,
  context: WorkflowContext,
): Promise<EmbeddedRows> {
  const data = await openRows(source, reading, context);
  try {
    const { rows } = data.table;
    const values = new Float32Array(rows * width);
    const numbers: number[] = [];
    const failures: PictureFailure[] = [];
    for (let start = 0; start < rows; start += CHUNK_ROWS) {
      context.signal.throwIfAborted();
      const read = await readInputs(data, bundle.manifest, { start, end: start + CHUNK_ROWS });
      for (const failure of read.failures) failures.push({ ...failure, row: start + failure.row });
      const lost = new Set(read.failures.map(({ row }) => row));
      const kept = Array.from({ length: read.frame.rows }, (_, row) => row).filter((row) => !lost.has(row));
      if (kept.length === 0) continue;
      const inputs = lost.size === 0 ? read.frame : takeRows(read.frame, kept);
      const computed = await bundle.computeFrame(inputs);
      values.set(computed[OUTPUT_TENSORS.vector]!.data as Float32Array, numbers.length * width);
      for (const row of kept) numbers.push(start + row);
    }
    refuseMostLost(failures, rows);
    const id = idColumn(bundle.manifest, data.table);
    const names = id === undefined ? undefined : await readIds(data.table, id, { start: 0, end: rows });
    const vectors = { values: values.subarray(0, numbers.length * width), width };
    return { rows, vectors, numbers, ...(names ? { names } : {}) };
  } finally {
    await data.close();
  }
}

function writeSimilar(path: string, similar: readonly Similar[]): string {
  const format = extname(path).toLowerCase();
  if (format !== ".csv" && format !== ".jsonl") {
    throw new QuernError("USAGE", `The output ${JSON.stringify(path)} ends in neither .csv nor .jsonl.`);
  }
  const lines =
    format === ".csv"
      ? [csvLine(["row", "rank", "match", "similarity"], false)].concat(
          similar.map(({ row, rank, match, similarity }) => csvLine([row, rank, match, similarity], false)),
        )
      : similar.map((found) => `${JSON.stringify(found)}\n`);
  writeFileAtomic(path, lines.join(""));
  return path;
}
