import { parseVector } from "../../../foundation/base/values.js";
import type { ColumnKind } from "../../../foundation/contracts/column.js";
import type { Choice } from "./choose-kind.js";
import type { ColumnEvidence } from "./column-evidence.js";
import { proposeDatetimeReading, proposeEpoch } from "./datetime-formats.js";
import { proposeNumberReading } from "./number-formats.js";
import { missingTexts, proposeBoolean, type WordCount } from "./word-kinds.js";

/** The kind the user chose, with the best format for reading the column as that. */
export function impose(evidence: ColumnEvidence, kind: ColumnKind): Choice {
  const format = formatFor(evidence, kind);
  return { kind, reason: "You chose this kind.", ...(format ? { format } : {}) };
}

function formatFor(evidence: ColumnEvidence, kind: ColumnKind): Choice["format"] | undefined {
  const listed = evidence.values as readonly WordCount[] | undefined;
  if (kind === "vector") {
    const width = parseVector(evidence.sample[0])?.length;
    return width ? { width } : undefined;
  }
  if (kind === "datetime" && evidence.number) {
    const pattern = proposeDatetimeReading(evidence.sample.map(String), true)?.pattern;
    return { datetime: proposeEpoch(evidence.number.min, evidence.number.max) ?? pattern ?? "epoch-ms" };
  }
  if (evidence.storage !== "text") return undefined;
  const sample = evidence.sample as readonly string[];
  const texts = listed ? listed.map(({ value }) => value) : sample;
  switch (kind) {
    case "number":
      return proposeNumberReading(sample)?.format;
    case "datetime":
      return { datetime: proposeDatetimeReading(sample, true)?.pattern ?? "iso" };
    case "boolean": {
      const words = listed && proposeBoolean(listed);
      return words && { ...words };
    }
    case "category":
    case "text":
    case "id": {
      const missing = missingTexts(listed ?? texts.map((value) => ({ value, count: 1 })));
      return missing.length > 0 ? { missing } : undefined;
    }
    default:
      return undefined;
  }
}
