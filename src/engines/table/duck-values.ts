import {
  DuckDBArrayValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from "@duckdb/node-api";

const DAY_MS = 86_400_000;

/** Plain values for callers: numbers where exact, epoch milliseconds for times, arrays and objects. */
export function fromDuckValue(value: DuckDBValue): unknown {
  if (typeof value === "bigint") {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }
  if (value === null || typeof value !== "object") return value;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) {
    return Number(value.micros) / 1000;
  }
  if (value instanceof DuckDBDateValue) return value.days * DAY_MS;
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) {
    return value.items.map(fromDuckValue);
  }
  if (value instanceof DuckDBStructValue) {
    const entries = Object.entries(value.entries).map(([key, entry]) => [key, fromDuckValue(entry)]);
    return Object.assign(Object.create(null), Object.fromEntries(entries));
  }
  return String(value);
}
