import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import {
  type BooleanColumn,
  type Column,
  createFrame,
  type DatetimeColumn,
  type NumberColumn,
} from "../../../foundation/contracts/frame.js";
import {
  cast,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
  MISSING_DATETIME,
  splitMatrix,
} from "../../../foundation/contracts/graph.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { CALENDAR_PARTS, type CalendarPart, calendarParts, emitCalendarParts } from "../shared/calendar.js";
import { joinInputs, where } from "../shared/emission.js";

const config = z.strictObject({
  parts: z.array(z.enum(CALENDAR_PARTS)).nullable().default(null).register(fields, {
    title: "Calendar parts",
    help: "Null: all that vary in training. weekday counts from Monday = 0; days are fractional since 1970.",
  }),
  cyclic: z.boolean().default(false).register(fields, {
    title: "Cyclic",
    help: "Adds sine and cosine of month, weekday, day of year and hour, so that December lies beside January.",
  }),
  indicator: z.boolean().default(false).register(fields, {
    title: "Missing indicator",
    help: "Adds a boolean column that tells where the date is missing, if any was in training.",
  }),
});

/** What one period of a part is, and where it starts. */
const CYCLES: Partial<Record<CalendarPart, { period: number; start: number }>> = {
  month: { period: 12, start: 1 },
  weekday: { period: 7, start: 0 },
  dayOfYear: { period: 365.25, start: 1 },
  hour: { period: 24, start: 0 },
};
const WAVES = ["sin", "cos"] as const;
/**
 * Waves are multiples of 2^-20: sines of different libraries differ in their last digits, which nothing behind may
 * see (a quantile transform tells apart what is equal to a knot from what lies beside it).
 */
const WAVE_UNIT = 2 ** -20;

/** One output: a part itself or a wave of it. */
interface Output {
  readonly part: CalendarPart;
  readonly wave: "none" | (typeof WAVES)[number];
}
interface DatetimeState {
  readonly columns: readonly { readonly outputs: readonly Output[]; readonly indicator: boolean }[];
}

/** Calendar parts as numbers (`date.month`, `date.month.sin`), UTC; missing dates give NaN. */
export const datetime = defineTransform<typeof config, DatetimeState>({
  id: "datetime",
  version: 2,
  summary: "Calendar parts of a date (year, month, weekday, hour, …), optionally as sine and cosine.",
  config,
  accepts: ["datetime"],
  fit: (frame, { parts, cyclic, indicator }) => ({
    columns: [...frame.columns.values()].map((column) => {
      const kept = parts ?? varyingParts(column as DatetimeColumn);
      const waves = kept.flatMap((part) =>
        cyclic && CYCLES[part] ? WAVES.map((wave) => ({ part, wave }) as const) : [],
      );
      return {
        outputs: [...kept.map((part) => ({ part, wave: "none" }) as const), ...waves],
        indicator: indicator && (column as DatetimeColumn).values.some(Number.isNaN),
      };
    }),
  }),
  apply(frame, { columns }) {
    const expanded = [...frame.columns].flatMap(([name, column], k): (readonly [string, Column])[] => {
      const { outputs, indicator } = columns[k]!;
      const computed = computeOutputs(column as DatetimeColumn, outputs);
      const parts = outputs.map((output, index) => [outputName(name, output), computed[index]!] as const);
      return indicator
        ? [...parts, [`${name}.missing`, missingOf(column as DatetimeColumn)] as const]
        : parts;
    });
    return createFrame(expanded, frame.rows);
  },
  emit(graph, inputs, { columns }) {
    if (inputs.length === 0) return [];
    const instants = joinInputs(graph, inputs, "int64");
    const isMissing = graph.op("Equal", [
      instants,
      graph.constant("int64", [], BigInt64Array.of(MISSING_DATETIME)),
    ]);
    const parts = emitCalendarParts(graph, where(graph, isMissing, graph.scalar(0, "int64"), instants));
    const matrices = new Map<string, readonly GraphValue[]>();
    const ones = inputs.map(() => 1);
    return inputs.flatMap((input, k) => {
      const { outputs, indicator } = columns[k]!;
      const computed = outputs.map((output): GraphColumn => {
        const key = outputName("", output);
        const split =
          matrices.get(key) ?? splitMatrix(graph, emitOutput(graph, output, parts, isMissing), ones);
        matrices.set(key, split);
        return { name: outputName(input.name, output), kind: "number", value: split[k]! };
      });
      if (!indicator) return computed;
      const value = splitMatrix(graph, cast(graph, isMissing, "float32"), ones)[k]!;
      return [...computed, { name: `${input.name}.missing`, kind: "boolean" as const, value }];
    });
  },
});

const outputName = (name: string, { part, wave }: Output): string =>
  wave === "none" ? `${name}.${part}` : `${name}.${part}.${wave}`;

/** Left out are parts with one value only, and quarter, second and weekend, which others say better. */
function varyingParts(column: DatetimeColumn): CalendarPart[] {
  const candidates = CALENDAR_PARTS.filter((part) => !["quarter", "second", "weekend"].includes(part));
  const first = new Map<CalendarPart, number>();
  const varying = new Set<CalendarPart>();
  for (const value of column.values) {
    if (!Number.isFinite(value)) continue;
    const parts = calendarParts(value);
    for (const part of candidates) {
      if (!first.has(part)) first.set(part, parts[part]);
      else if (first.get(part) !== parts[part]) varying.add(part);
    }
    if (varying.size === candidates.length) break;
  }
  return candidates.filter((part) => varying.has(part));
}

function computeOutputs(column: DatetimeColumn, outputs: readonly Output[]): NumberColumn[] {
  const results = outputs.map(() => new Float32Array(column.values.length).fill(Number.NaN));
  for (let row = 0; row < column.values.length; row++) {
    const value = column.values[row]!;
    if (!Number.isFinite(value)) continue;
    const parts = calendarParts(value);
    for (const [index, { part, wave }] of outputs.entries()) {
      results[index]![row] = wave === "none" ? parts[part] : roundedWave(wave, angle(part, parts[part]));
    }
  }
  return results.map((values) => ({ kind: "number", values }));
}

function missingOf({ values }: DatetimeColumn): BooleanColumn {
  return { kind: "boolean", values: Float32Array.from(values, (value) => (Number.isFinite(value) ? 0 : 1)) };
}

const roundedWave = (wave: (typeof WAVES)[number], at: number): number =>
  Math.round(Math[wave](at) / WAVE_UNIT) * WAVE_UNIT;

function angle(part: CalendarPart, value: number): number {
  const { period, start } = CYCLES[part]!;
  return (value - start) * ((2 * Math.PI) / period);
}

function emitOutput(
  graph: GraphBuilder,
  { part, wave }: Output,
  parts: (part: CalendarPart) => GraphValue,
  isMissing: GraphValue,
): GraphValue {
  let value = parts(part);
  if (wave !== "none") {
    const { period, start } = CYCLES[part]!;
    const elapsed = graph.op("Sub", [cast(graph, value, "float64"), graph.scalar(start, "float64")]);
    const turned = graph.op("Mul", [elapsed, graph.scalar((2 * Math.PI) / period, "float64")]);
    const exact = graph.op(wave === "sin" ? "Sin" : "Cos", [turned]);
    const unit = graph.scalar(WAVE_UNIT, "float64");
    value = graph.op("Mul", [graph.op("Round", [graph.op("Div", [exact, unit])]), unit]);
  }
  return where(graph, isMissing, graph.scalar(Number.NaN), cast(graph, value, "float32"));
}
