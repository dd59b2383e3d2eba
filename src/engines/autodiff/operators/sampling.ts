/** Pictures read at given places (Jaderberg et al., 2015, "Spatial transformer networks"). */
import { cast, type GraphValue } from "../../../foundation/contracts/graph.js";
import {
  defineOp,
  integerAttribute,
  type NodeUse,
  type OpSample,
  refusal,
  staticSizes,
  textAttribute,
} from "./definition.js";

/** One axis of the places: the elements beside each, and how near they are, [N, places]. */
interface Neighbours {
  /** Positions in the picture, int64. */
  readonly position: GraphValue;
  /** 1 at the element, 0 one element away or outside of the picture. */
  readonly weight: GraphValue;
}

/** From coordinates, -1 and 1 at the edges of the picture, to the two elements beside each. */
function neighbours(use: NodeUse, coordinates: GraphValue, size: number): readonly [Neighbours, Neighbours] {
  const { graph, x, node } = use;
  const isCorners = integerAttribute(node, "align_corners", 0) === 1;
  const scaled = x.mul(x.add(coordinates, 1), isCorners ? (size - 1) / 2 : size / 2);
  const raw = isCorners ? scaled : x.sub(scaled, 0.5);
  const limit = graph.scalar(size - 1, raw.type);
  const zero = graph.scalar(0, raw.type);
  const isBorder = textAttribute(node, "padding_mode", "zeros") === "border";
  const place = isBorder ? graph.op("Clip", [raw, zero, limit]) : raw;
  const lower = x.apply("Floor", place);
  const beyond = x.sub(place, lower);
  const at = (position: GraphValue, nearness: GraphValue): Neighbours => {
    const inside = graph.op("Clip", [position, zero, limit]);
    return {
      position: cast(graph, inside, "int64"),
      weight: x.where(x.equal(inside, position), nearness, 0),
    };
  };
  return [at(lower, x.sub(1, beyond)), at(x.add(lower, 1), beyond)];
}

function gridSampleComposition(use: NodeUse): GraphValue[] {
  const { graph, x, node, input } = use;
  const grid = node.inputs[1]!;
  const mode = textAttribute(node, "mode", "linear");
  if (mode !== "linear" && mode !== "bilinear") throw refusal(node, `the mode ${mode} has no rule`);
  const padding = textAttribute(node, "padding_mode", "zeros");
  if (padding === "reflection") throw refusal(node, "padding by reflection has no rule");
  if (input.shape.length !== 4) throw refusal(node, "only pictures of two axes have a rule");
  const [channels, height, width] = staticSizes(use, input.shape.slice(1)) as [number, number, number];
  const [rows, columns] = staticSizes(use, grid.shape.slice(1, 3)) as [number, number];
  const places = rows * columns;
  const coordinate = (axis: number) => x.reshape(x.gather(grid, graph.scalar(axis, "int64"), 3), [0, places]);
  const across = neighbours(use, coordinate(0), width);
  const down = neighbours(use, coordinate(1), height);
  const flat = x.reshape(input, [0, channels, height * width]);
  const corners = down.flatMap((row) =>
    across.map((column) => {
      const position = x.add(x.mul(row.position, width), column.position);
      const indices = x.expand(x.unsqueeze(position, [1]), [1, channels, 1]);
      const picked = graph.op("GatherElements", [flat, indices], { attributes: { axis: { int: 2 } } });
      return x.mul(picked, x.unsqueeze(x.mul(row.weight, column.weight), [1]));
    }),
  );
  const sum = corners.reduce((total, corner) => x.add(total, corner));
  return [x.reshape(sum, [0, channels, rows, columns])];
}

/** Places away from the elements, where the derivative jumps. */
const places = { constant: [-0.7, -0.45, 0.3, 0.85, -1.1, 0.2, 0.55, -0.15], shape: [1, 2, 2, 2] };
const picture = { shape: [1, 2, 3, 4] };
const samples: OpSample[] = [
  { inputs: [picture, places] },
  {
    inputs: [picture, places],
    attributes: { align_corners: { int: 1 }, padding_mode: { string: "border" } },
  },
  {
    inputs: [picture, { shape: [1, 1, 2, 2], range: [0.36, 0.6] }],
    attributes: { align_corners: { int: 1 } },
  },
];

export const SAMPLING = {
  GridSample: defineOp({ type: "GridSample", samples, composition: gridSampleComposition }),
};
