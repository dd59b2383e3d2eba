/** Spans of time as people write them. */
import { z } from "zod";

/** `90s`, `10m`, `1.5h`, `7d`. */
const SPAN = /^(?=.*[1-9])\d+(\.\d+)?[smhd]$/;
const MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** Milliseconds. */
export const spanMs = (text: string): number =>
  Number(text.slice(0, -1)) * MS[text.at(-1) as keyof typeof MS];
export const spanSchema = z.string().regex(SPAN, "write a span of time as 90s, 10m, 1.5h or 7d");
