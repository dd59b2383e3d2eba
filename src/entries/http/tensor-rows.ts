/** Rows that tensors stand for, so that what asks by tensors is logged and explained like what asks by rows. */
import type { BundleInput, GraphInput, Manifest } from "../../foundation/contracts/bundle.js";
import { MISSING_DATETIME } from "../../foundation/contracts/graph.js";
import { OUTPUT_TENSORS } from "../../foundation/contracts/model-graph.js";
import { type Prediction, type Row, toPredictionRows } from "../../foundation/contracts/prediction.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";

type Tensors = Readonly<Record<string, Tensor>>;

/**
 * Nothing where the graph does not take every column as rows bring it: a host transform stands between, or the column
 * is an image.
 */
export function rowsFrom(manifest: Manifest, inputs: Tensors, count: number): readonly Row[] | undefined {
  const ports = new Map(manifest.graphInputs.map((port) => [port.column, port]));
  const cells: [string, (row: number) => unknown][] = [];
  for (const input of manifest.inputs) {
    const port = ports.get(input.column.name);
    const tensor = port && inputs[port.tensor];
    const read = port && tensor && cellReader(input, port, tensor.data);
    if (!read) return undefined;
    cells.push([input.column.name, read]);
  }
  return Array.from({ length: count }, (_, row) =>
    // Entries, so that a column called `__proto__` is one like any other.
    Object.fromEntries(cells.map(([name, read]) => [name, read(row)])),
  );
}

/** The inverse of `encodeRows`: what is missing becomes null, a time a `Date`. */
function cellReader(
  { column }: BundleInput,
  { kind, width }: GraphInput,
  data: Tensor["data"],
): ((row: number) => unknown) | undefined {
  if (kind !== column.kind) return undefined;
  const numbers = data as ArrayLike<number>;
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  switch (kind) {
    case "number":
      return (row) => finite(numbers[row]!);
    case "boolean":
      return (row) => (Number.isNaN(numbers[row]!) ? null : numbers[row] !== 0);
    case "datetime":
      return (row) => {
        const epochMs = (data as BigInt64Array)[row]!;
        return epochMs === MISSING_DATETIME ? null : new Date(Number(epochMs));
      };
    case "vector":
      return (row) => {
        const cell = Array.from({ length: width }, (_, k) => numbers[row * width + k]!);
        return cell.every(Number.isFinite) ? cell : null;
      };
    case "category":
    case "text":
    case "id":
      return (row) => (data as readonly string[])[row] || null;
    default:
      return undefined;
  }
}

/** Answers as rows have them; nothing for models that answer neither classes nor values. */
export function predictionsFrom({ outputs }: Manifest, results: Tensors): readonly Prediction[] | undefined {
  const numbers = (name: string) => Float64Array.from((results[name]?.data ?? []) as ArrayLike<number>);
  if (outputs.kind === "value") {
    const ends = outputs.interval && {
      low: numbers(OUTPUT_TENSORS.low),
      high: numbers(OUTPUT_TENSORS.high),
    };
    const values = numbers(OUTPUT_TENSORS.prediction);
    return toPredictionRows({ kind: "values", values, ...(ends ? { ends } : {}) }, []);
  }
  if (outputs.kind !== "classes") return undefined;
  const labels = results[OUTPUT_TENSORS.label]?.data as readonly string[];
  const values = numbers(OUTPUT_TENSORS.probabilities);
  const classes = outputs.classes.length;
  return toPredictionRows({ kind: "probabilities", values, classes, labels }, outputs.classes);
}
