import {
  quoteIdentifier,
  type StorageType,
  type Table,
  type TableColumn,
} from "../../../engines/table/index.js";
import { groupsOf } from "../../../foundation/base/groups.js";

/** What is known about a column before its kind is chosen. */
export interface ColumnEvidence {
  readonly name: string;
  readonly storage: StorageType;
  readonly rows: number;
  /** Cells with a value. */
  readonly present: number;
  /** Distinct values: exact where `values` is given, otherwise within a few percent. */
  readonly distinct: number;
  /** Every distinct value with its count, most frequent first, where there are at most 10,000. */
  readonly values?: readonly { readonly value: unknown; readonly count: number }[];
  /** Values of up to 5,000 rows spread over the table. */
  readonly sample: readonly unknown[];
  readonly number?: NumberEvidence;
}

export interface NumberEvidence {
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
  /** Every value survives the rounding to float32. */
  readonly exactInFloat32: boolean;
  /** Fewest decimals (0..6) that write every value; undefined: more than 6. */
  readonly decimals: number | undefined;
}

const MAX_LISTED_VALUES = 10_000;
const SAMPLE_ROWS = 5_000;

/** Columns that share a query: one for each column is what wide tables would wait for. */
const COLUMNS_A_QUERY = 25;

export async function gatherEvidence(table: Table): Promise<ColumnEvidence[]> {
  const totals = await columnTotals(table);
  const ofGroups = groupsOf(totals, COLUMNS_A_QUERY);
  const evidence = groupsOf(table.columns, COLUMNS_A_QUERY).map((group, k) =>
    gatherGroup(table, group, ofGroups[k]!),
  );
  return (await Promise.all(evidence)).flat();
}

async function gatherGroup(
  table: Table,
  columns: readonly TableColumn[],
  totals: readonly { readonly present: number; readonly distinct: number }[],
): Promise<ColumnEvidence[]> {
  const samples = await sampleValues(
    table,
    columns.map(({ name }) => name),
  );
  const numeric = columns.flatMap(({ name, storage }, k) =>
    storage === "number" && totals[k]!.present > 0
      ? [{ name, expression: quoteIdentifier(name), sample: samples[k]! }]
      : [],
  );
  const found = await numberEvidences(table, numeric);
  const numbers = new Map(numeric.map(({ name }, k) => [name, found[k]!]));
  return Promise.all(
    columns.map(async ({ name, storage }, k): Promise<ColumnEvidence> => {
      const { present, distinct } = totals[k]!;
      const listed = distinct <= MAX_LISTED_VALUES * 1.2 && storage !== "vector";
      const values = listed ? await distinctValues(table, name) : undefined;
      const number = numbers.get(name);
      return {
        ...{ name, storage, rows: table.rows, present },
        distinct: values?.length ?? distinct,
        ...(values && values.length <= MAX_LISTED_VALUES ? { values } : {}),
        sample: samples[k]!,
        ...(number ? { number } : {}),
      };
    }),
  );
}

async function columnTotals(table: Table): Promise<{ present: number; distinct: number }[]> {
  const selected = table.columns.flatMap(({ name, storage }, index) => {
    const source = quoteIdentifier(name);
    const distinct = storage === "vector" ? `count(${source})` : `approx_count_distinct(${source})`;
    return [`count(${source}) AS p${index}`, `${distinct} AS d${index}`];
  });
  const [row] = await table.query(`SELECT ${selected.join(", ")} FROM data`);
  return table.columns.map((_, index) => ({
    present: row![`p${index}`] as number,
    distinct: row![`d${index}`] as number,
  }));
}

async function distinctValues(table: Table, name: string): Promise<{ value: unknown; count: number }[]> {
  const source = quoteIdentifier(name);
  const rows = await table.query(
    `SELECT ${source} AS value, count(*) AS count FROM data WHERE ${source} IS NOT NULL
     GROUP BY 1 ORDER BY count DESC, value LIMIT ${MAX_LISTED_VALUES + 1}`,
  );
  return rows.map((row) => ({ value: row.value, count: row.count as number }));
}

/** Rows chosen by a multiplicative hash of their number: spread evenly, the same every time. */
async function sampleValues(table: Table, names: readonly string[]): Promise<unknown[][]> {
  const row = quoteIdentifier(table.rowColumn);
  const share = Math.min(1, SAMPLE_ROWS / Math.max(1, table.rows));
  const chosen = share < 1 ? `WHERE (${row} * 2654435761) % 4294967296 < ${Math.ceil(share * 2 ** 32)}` : "";
  const selected = names.map((name, k) => `${quoteIdentifier(name)} AS v${k}`).join(", ");
  const rows = await table.query(`SELECT ${selected} FROM data ${chosen} ORDER BY ${row}`);
  return names.map((_, k) => {
    const values = rows.map((entry) => entry[`v${k}`]).filter((value) => value !== null);
    return values.length > SAMPLE_ROWS ? values.slice(0, SAMPLE_ROWS) : values;
  });
}

interface NumberQuestion {
  /** SQL of a DOUBLE over `data`. */
  readonly expression: string;
  readonly sample: readonly unknown[];
}

/** One for each question, of one scan. */
export async function numberEvidences(
  table: Table,
  questions: readonly NumberQuestion[],
): Promise<NumberEvidence[]> {
  if (questions.length === 0) return [];
  const places = questions.map(({ sample }) => decimalsOf(sample));
  const figures = questions.map((_, k) => {
    // Rounding is slow: one number of decimals is tried, the one that the sample suggests.
    const rounded = places[k] === undefined ? "false" : `bool_and(round(x${k}, ${places[k]}) = x${k})`;
    return `min(x${k}) AS min${k}, max(x${k}) AS max${k}, bool_and(x${k} = trunc(x${k})) AS integer${k},
       bool_and(coalesce(TRY_CAST(x${k} AS FLOAT) = x${k}, x${k} IS NULL)) AS exact${k}, ${rounded} AS rounded${k}`;
  });
  const read = questions.map(({ expression }, k) => `${expression} AS x${k}`);
  const [row] = await table.query(`SELECT ${figures.join(", ")} FROM (SELECT ${read.join(", ")} FROM data)`);
  return questions.map((_, k) => {
    const integer = row![`integer${k}`] === true;
    return {
      ...{ min: row![`min${k}`] as number, max: row![`max${k}`] as number, integer },
      exactInFloat32: row![`exact${k}`] === true,
      decimals: integer ? 0 : row![`rounded${k}`] === true ? places[k] : undefined,
    };
  });
}

/** Fewest decimals (0..6) that write every number of a sample. */
function decimalsOf(sample: readonly unknown[]): number | undefined {
  const writes = (places: number) => (value: unknown) =>
    typeof value !== "number" || Number(value.toFixed(places)) === value;
  return [0, 1, 2, 3, 4, 5, 6].find((places) => sample.every(writes(places)));
}

const LARGEST_FLOAT32 = 3.4028234663852886e38;
const PRECISION_SAMPLE_ROWS = 100_000;

/**
 * float32 unless it would merge distinct values. Values of few decimals lie at least 10^-decimals apart, so they
 * stay apart where float32 is finer than that; measurements written to every digit may lose one in a hundred.
 */
export async function choosePrecision(
  table: Table,
  expression: string,
  evidence: NumberEvidence,
): Promise<"float32" | "float64"> {
  if (evidence.exactInFloat32) return "float32";
  const largest = Math.max(Math.abs(evidence.min), Math.abs(evidence.max));
  if (largest > LARGEST_FLOAT32) return "float64";
  const spacing = 2 ** (Math.floor(Math.log2(largest)) - 23);
  const { decimals } = evidence;
  if (decimals !== undefined && spacing < 0.99 * 10 ** -decimals) return "float32";
  const limit = decimals === undefined ? `LIMIT ${PRECISION_SAMPLE_ROWS}` : "";
  const [row] = await table.query(
    `SELECT count(DISTINCT x) AS distinct64, count(DISTINCT CAST(x AS FLOAT)) AS distinct32
     FROM (SELECT ${expression} AS x FROM data ${limit})`,
  );
  const kept = (row!.distinct32 as number) / (row!.distinct64 as number);
  return kept >= (decimals === undefined ? 0.99 : 1) ? "float32" : "float64";
}
