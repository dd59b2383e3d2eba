/**
 * Calendar arithmetic on whole days since 1970-01-01 in the proleptic Gregorian calendar, UTC, by integer
 * operations only (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"). Right for any year, also
 * before 0. Written twice, for numbers and for the graph, line by line alike.
 */
import { cast, type GraphBuilder, type GraphValue } from "../../../foundation/contracts/graph.js";

export const DAY_MS = 86_400_000;

export const CALENDAR_PARTS = [
  "year",
  "quarter",
  "month",
  "day",
  "weekday",
  "dayOfYear",
  "weekend",
  "hour",
  "minute",
  "second",
  "days",
] as const;
export type CalendarPart = (typeof CALENDAR_PARTS)[number];

const floorDivide = (a: number, b: number): number => Math.floor(a / b);
const floorModulo = (a: number, b: number): number => a - b * Math.floor(a / b);

/** Parts of an instant (epoch milliseconds, whole). weekday: Monday = 0; days: fractional, since 1970. */
export function calendarParts(epochMs: number): Record<CalendarPart, number> {
  const days = floorDivide(epochMs, DAY_MS);
  const time = epochMs - days * DAY_MS;
  const shifted = days + 719_468;
  const era = floorDivide(shifted, 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.trunc(
    (dayOfEra -
      Math.trunc(dayOfEra / 1460) +
      Math.trunc(dayOfEra / 36_524) -
      Math.trunc(dayOfEra / 146_096)) /
      365,
  );
  // Counted from 1 March, so that the leap day comes last.
  const dayFromMarch = dayOfEra - (365 * yearOfEra + Math.trunc(yearOfEra / 4) - Math.trunc(yearOfEra / 100));
  const monthFromMarch = Math.trunc((5 * dayFromMarch + 2) / 153);
  const day = dayFromMarch - Math.trunc((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const leap =
    floorModulo(year, 4) === 0 && (floorModulo(year, 100) !== 0 || floorModulo(year, 400) === 0) ? 1 : 0;
  const weekday = floorModulo(days + 3, 7);
  return {
    year,
    quarter: Math.trunc((month + 2) / 3),
    month,
    day,
    weekday,
    dayOfYear: month <= 2 ? dayFromMarch - 305 : dayFromMarch + 60 + leap,
    weekend: weekday >= 5 ? 1 : 0,
    hour: Math.trunc(time / 3_600_000),
    minute: Math.trunc(time / 60_000) % 60,
    second: Math.trunc(time / 1000) % 60,
    days: epochMs / DAY_MS,
  };
}

/** The same on int64 [N,k] (no missing values); each part int64 but `days`, which is float64. */
export function emitCalendarParts(
  graph: GraphBuilder,
  epochMs: GraphValue,
): (part: CalendarPart) => GraphValue {
  const integer = (value: number) => graph.scalar(value, "int64");
  const binary = (op: string) => (a: GraphValue, b: GraphValue | number) =>
    graph.op(op, [a, typeof b === "number" ? integer(b) : b]);
  const add = binary("Add");
  const subtract = binary("Sub");
  const multiply = binary("Mul");
  const truncate = binary("Div");
  const modulo = binary("Mod");
  const asInteger = (value: GraphValue) => cast(graph, value, "int64");
  // Div truncates and Mod floors, so a - a mod b divides without remainder.
  const floored = (a: GraphValue, b: number) => truncate(subtract(a, modulo(a, b)), b);
  const isZero = (value: GraphValue) => graph.op("Equal", [value, integer(0)]);

  const days = floored(epochMs, DAY_MS);
  const time = modulo(epochMs, DAY_MS);
  const shifted = add(days, 719_468);
  const era = floored(shifted, 146_097);
  const dayOfEra = subtract(shifted, multiply(era, 146_097));
  const leapless = subtract(
    add(subtract(dayOfEra, truncate(dayOfEra, 1460)), truncate(dayOfEra, 36_524)),
    truncate(dayOfEra, 146_096),
  );
  const yearOfEra = truncate(leapless, 365);
  const dayFromMarch = subtract(
    dayOfEra,
    subtract(add(multiply(yearOfEra, 365), truncate(yearOfEra, 4)), truncate(yearOfEra, 100)),
  );
  const monthFromMarch = truncate(add(multiply(dayFromMarch, 5), 2), 153);
  const month = graph.op("Where", [
    graph.op("Less", [monthFromMarch, integer(10)]),
    add(monthFromMarch, 3),
    subtract(monthFromMarch, 9),
  ]);
  const isJanuaryOrFebruary = graph.op("Less", [month, integer(3)]);
  const year = add(add(yearOfEra, multiply(era, 400)), asInteger(isJanuaryOrFebruary));
  const weekday = () => modulo(add(days, 3), 7);
  const dayOfYear = () => {
    const isLeap = graph.op("And", [
      isZero(modulo(year, 4)),
      graph.op("Or", [graph.op("Not", [isZero(modulo(year, 100))]), isZero(modulo(year, 400))]),
    ]);
    return graph.op("Where", [
      isJanuaryOrFebruary,
      subtract(dayFromMarch, 305),
      add(add(dayFromMarch, 60), asInteger(isLeap)),
    ]);
  };
  const parts: Record<CalendarPart, () => GraphValue> = {
    year: () => year,
    quarter: () => truncate(add(month, 2), 3),
    month: () => month,
    day: () => add(subtract(dayFromMarch, truncate(add(multiply(monthFromMarch, 153), 2), 5)), 1),
    weekday,
    dayOfYear,
    weekend: () => asInteger(graph.op("Greater", [weekday(), integer(4)])),
    hour: () => truncate(time, 3_600_000),
    minute: () => modulo(truncate(time, 60_000), 60),
    second: () => modulo(truncate(time, 1000), 60),
    days: () => graph.op("Div", [cast(graph, epochMs, "float64"), graph.scalar(DAY_MS, "float64")]),
  };
  return (part) => parts[part]();
}
