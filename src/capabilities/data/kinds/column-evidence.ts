import { quoteIdentifier, type StorageType, type Table } from "../../../engines/table/index.js";

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

export async function gatherEvidence(table: Table): Promise<ColumnEvidence[]> {
  const evidence: ColumnEvidence[] = [];
  const totals = await columnTotals(table);
  for (const [index, { name, storage }] of table.columns.entries()) {
    const { present, distinct } = totals[index]!;
    const listed = distinct <= MAX_LISTED_VALUES * 1.2 && storage !== "vector";
    const values = listed ? await distinctValues(table, name) : undefined;
    const sample = await sampleValues(table, name);
    evidence.push({
      ...{ name, storage, rows: table.rows, present },
      distinct: values?.length ?? distinct,
      ...(values && values.length <= MAX_LISTED_VALUES ? { values } : {}),
      sample,
      ...(storage === "number" && present > 0
        ? { number: await numberEvidence(table, quoteIdentifier(name), sample) }
        : {}),
    });
  }
  return evidence;
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
async function sampleValues(table: Table, name: string): Promise<unknown[]> {
  const source = quoteIdentifier(name);
  const row = quoteIdentifier(table.rowColumn);
  const share = Math.min(1, SAMPLE_ROWS / Math.max(1, table.rows));
  const chosen = share < 1 ? `AND (${row} * 2654435761) % 4294967296 < ${Math.ceil(share * 2 ** 32)}` : "";
  const rows = await table.query(
    `SELECT ${source} AS value FROM data WHERE ${source} IS NOT NULL ${chosen} ORDER BY ${row} LIMIT ${SAMPLE_ROWS}`,
  );
  return rows.map((entry) => entry.value);
}

/** @param expression SQL of a DOUBLE over `data` */
export async function numberEvidence(
  table: Table,
  expression: string,
  sample: readonly unknown[],
): Promise<NumberEvidence> {
  const places = decimalsOf(sample);
  // Rounding is slow: one number of decimals is tried, the one that the sample suggests.
  const rounded = places === undefined ? "false" : `bool_and(round(x, ${places}) = x)`;
  const [row] = await table.query(
    `SELECT min(x) AS min, max(x) AS max, bool_and(x = trunc(x)) AS integer,
       bool_and(coalesce(TRY_CAST(x AS FLOAT) = x, x IS NULL)) AS exact, ${rounded} AS rounded
     FROM (SELECT ${expression} AS x FROM data)`,
  );
  const integer = row!.integer === true;
  return {
    min: row!.min as number,
    max: row!.max as number,
    integer,
    exactInFloat32: row!.exact === true,
    decimals: integer ? 0 : row!.rounded === true ? places : undefined,
  };
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
