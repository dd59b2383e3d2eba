/** Shapes that ECharts has no series for, drawn as custom series in the coordinates of the axes. */
import { STILL } from "./theme.js";

interface DrawApi {
  value(dimension: number): number | string;
  coord(point: readonly (number | string)[]): number[];
}

/** Rectangles, filled or as outlines; rows are [x from, x to, y from, y to]. */
export function rectangleSeries(
  rows: readonly (readonly number[])[],
  color: string,
  { opacity = 0.9, outline = false }: { readonly opacity?: number; readonly outline?: boolean } = {},
) {
  return {
    ...STILL,
    type: "custom" as const,
    clip: true,
    encode: { x: [0, 1], y: [2, 3] },
    itemStyle: { color },
    data: rows.map((row) => [...row]),
    renderItem: (_: unknown, api: DrawApi) => {
      const [left = 0, bottom = 0] = api.coord([api.value(0), api.value(2)]);
      const [right = 0, top = 0] = api.coord([api.value(1), api.value(3)]);
      const width = Math.max(1, right - left - (right - left > 4 ? 1 : 0));
      const shape = { x: left, y: Math.min(top, bottom), width, height: Math.abs(bottom - top) };
      const style = outline
        ? { fill: "none", stroke: color, lineWidth: 1.8 }
        : { fill: color, stroke: "none", lineWidth: 0, opacity };
      return { type: "rect" as const, shape, style };
    },
  };
}

/** Error bars with caps; rows are [position, low, high]. `along` is the axis the bar runs along. */
export function intervalSeries(
  rows: readonly (readonly (number | string)[])[],
  color: string,
  along: "x" | "y" = "y",
) {
  const at = (position: number | string, value: number | string) =>
    along === "y" ? [position, value] : [value, position];
  return {
    ...STILL,
    type: "custom" as const,
    clip: true,
    z: 5,
    encode: along === "y" ? { x: 0, y: [1, 2] } : { x: [1, 2], y: 0 },
    itemStyle: { color },
    data: rows.map((row) => [...row]),
    renderItem: (_: unknown, api: DrawApi) => {
      const from = api.coord(at(api.value(0), api.value(1)));
      const to = api.coord(at(api.value(0), api.value(2)));
      const style = { stroke: color, fill: "none", lineWidth: 1.3 };
      const line = (a: readonly number[], b: readonly number[]) => ({
        type: "line" as const,
        shape: { x1: a[0]!, y1: a[1]!, x2: b[0]!, y2: b[1]! },
        style,
      });
      const cap = (point: readonly number[]) => {
        const [dx, dy] = along === "y" ? [3, 0] : [0, 3];
        return line([point[0]! - dx, point[1]! - dy], [point[0]! + dx, point[1]! + dy]);
      };
      return { type: "group" as const, children: [line(from, to), cap(from), cap(to)] };
    },
  };
}

/** The area between two curves; rows are [x, low, high] in order of x. */
export function bandSeries(rows: readonly (readonly number[])[], color: string) {
  return {
    ...STILL,
    type: "custom" as const,
    clip: true,
    z: 1,
    encode: { x: 0, y: [1, 2] },
    itemStyle: { color },
    data: rows.map((row) => [...row]),
    renderItem: (parameters: { dataIndex: number }, api: DrawApi) => {
      if (parameters.dataIndex !== 0) return undefined;
      const upper = rows.map((row) => api.coord([row[0]!, row[2]!]));
      const lower = rows.map((row) => api.coord([row[0]!, row[1]!])).reverse();
      return {
        type: "polygon" as const,
        shape: { points: [...upper, ...lower] },
        style: { fill: color, opacity: 0.16 },
      };
    },
  };
}
