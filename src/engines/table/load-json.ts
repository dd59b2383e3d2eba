import { QuernError } from "../../foundation/base/errors.js";
import { columnNames } from "./column-names.js";
import type { Database } from "./database.js";
import { jsonError } from "./json-errors.js";
import { STORED } from "./memory-table.js";
import type { Loaded, TableFile } from "./open-table.js";
import { storeFiles } from "./store-files.js";
import { quoteIdentifier, quoteText, type StorageType, type TableColumn } from "./table.js";

/** Objects with one schema, as a JSON array or one on each line. The order of columns is that of appearance. */
export async function loadJson(
  database: Database,
  files: readonly TableFile[],
  format: "json" | "jsonl",
): Promise<Loaded> {
  const layout = format === "json" ? "array" : "newline_delimited";
  try {
    const keys = await findKeys(database, files, layout);
    const { names, notes } = columnNames(keys, nameOf(files[0]!));
    await storeDocuments(database, files, layout, keys, names);
    const columns = await refine(database, names);
    return { columns, notes };
  } catch (cause) {
    throw jsonError(cause, files, format);
  }
}

const nameOf = (file: TableFile): string => file.name ?? file.path;
const pathList = (files: readonly TableFile[]): string =>
  files.map((file) => quoteText(file.path)).join(", ");

async function findKeys(database: Database, files: readonly TableFile[], layout: string): Promise<string[]> {
  const objects = `read_json_objects([${pathList(files)}], format = '${layout}')`;
  const [found] = await database.query(
    `SELECT count(*) AS rows, count(*) FILTER (json_type(json) <> 'OBJECT') AS others FROM ${objects}`,
  );
  const file = nameOf(files[0]!);
  if (found!.rows === 0) throw new QuernError("DATA_EMPTY", `${file} has no rows.`, { details: { file } });
  if (found!.others !== 0) {
    throw new QuernError("DATA_MALFORMED", `${file}: ${found!.others} of its records are not objects.`, {
      details: { file },
      hint: "Write one object for each row, with the column names as keys.",
    });
  }
  if (found!.rows === 1) await refuseColumns(database, objects, file);
  const keys = await database.query(
    `SELECT key, min(position) AS position FROM (
       SELECT unnest(keys) AS key, generate_subscripts(keys, 1) AS position FROM (
         SELECT DISTINCT json_keys(json) AS keys FROM ${objects}))
     GROUP BY key ORDER BY position, key`,
  );
  if (keys.length === 0) {
    throw new QuernError("DATA_EMPTY", `The objects of ${file} have no keys.`, { details: { file } });
  }
  return keys.map((row) => row.key as string);
}

/** One object of columns, each a list or, as pandas writes it, an object from row to value. */
async function refuseColumns(database: Database, objects: string, file: string): Promise<void> {
  const values = await database.query(
    `SELECT json_type(value) AS type, json_array_length(value) AS items, len(json_keys(value)) AS entries,
       contains(CAST(value AS VARCHAR), '"') AS words
     FROM (SELECT json_extract(json, '$.*') AS found FROM ${objects}), unnest(found) AS one(value)`,
  );
  const [first] = values;
  const size = first && (first.type === "ARRAY" ? first.items : first.entries);
  const alike = values.every(({ type, items, entries }) =>
    type === "ARRAY" ? items === size : type === "OBJECT" && entries === size,
  );
  // Lists of numbers alone may be the vectors of one row.
  if (values.length < 2 || !alike || (size as number) < 2 || !values.some(({ words }) => words)) return;
  throw new QuernError(
    "DATA_MALFORMED",
    `${file} holds one record, in which each of ${values.length} keys has ${size} values: its columns, not its rows.`,
    {
      details: { file, columns: values.length, rows: size },
      hint: 'Write one object for each row; with pandas, `to_json(path, orient="records", lines=True)`.',
    },
  );
}

/** Every value as JSON, so that its type is not guessed from the first ones. */
async function storeDocuments(
  database: Database,
  files: readonly TableFile[],
  layout: string,
  keys: readonly string[],
  names: readonly string[],
): Promise<void> {
  const selected = keys.map((key, index) => {
    const pointer = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const value = `json_extract(json, ${quoteText(pointer)})`;
    return `CASE WHEN json_type(${value}) <> 'NULL' THEN ${value} END AS ${quoteIdentifier(names[index]!)}`;
  });
  await storeFiles(database, "documents", files, (file) => {
    return `SELECT ${selected.join(", ")} FROM read_json_objects(${quoteText(file.path)}, format = '${layout}')`;
  });
}

/** Gives each column the type that all its values have; text where they differ. */
async function refine(database: Database, names: readonly string[]): Promise<TableColumn[]> {
  const columns: TableColumn[] = [];
  const selected: string[] = [];
  for (const name of names) {
    const source = quoteIdentifier(name);
    const storage = await storageOfValues(database, source);
    columns.push({ name, storage });
    const text = `json_extract_string(${source}, '$')`;
    const expression = {
      number: `CAST(${text} AS DOUBLE)`,
      boolean: `CAST(${source} AS BOOLEAN)`,
      vector: `CAST(${source} AS FLOAT[])`,
      text: `nullif(${text}, '')`,
      datetime: text,
    }[storage];
    selected.push(`${expression} AS ${source}`);
  }
  await database.run(`CREATE TABLE ${STORED} AS SELECT ${selected.join(", ")} FROM documents`);
  await database.run("DROP TABLE documents");
  return columns;
}

const NUMBER_TYPES = "('UBIGINT', 'BIGINT', 'DOUBLE', 'HUGEINT', 'UHUGEINT')";

async function storageOfValues(database: Database, source: string): Promise<StorageType> {
  const number = `TRY_CAST(json_extract_string(${source}, '$') AS DOUBLE)`;
  const [found] = await database.query(
    `SELECT count(${source}) AS present,
       count(*) FILTER (json_type(${source}) IN ${NUMBER_TYPES} AND isfinite(${number})
         AND (json_type(${source}) = 'DOUBLE' OR abs(${number}) <= 9007199254740991)) AS numbers,
       count(*) FILTER (json_type(${source}) = 'BOOLEAN') AS booleans,
       count(*) FILTER (json_type(${source}) = 'ARRAY' AND TRY_CAST(${source} AS FLOAT[]) IS NOT NULL
         AND NOT list_contains(list_transform(TRY_CAST(${source} AS JSON[]), lambda item: json_type(item) IN ${NUMBER_TYPES}), false)
       ) AS vectors
     FROM documents`,
  );
  const present = found!.present;
  if (present === 0) return "text";
  if (found!.numbers === present) return "number";
  if (found!.booleans === present) return "boolean";
  return found!.vectors === present ? "vector" : "text";
}
