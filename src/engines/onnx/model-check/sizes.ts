/**
 * How much memory the values of a graph can take, found by walking it with the operator table's own shape
 * rules; also what bounds constants that a runtime folds while it loads.
 */
import { type Dimension, ELEMENT_CODES, type GraphValue } from "../../../foundation/contracts/graph.js";
import { ELEMENT_BYTES } from "../element-types.js";
import type { OperatorCall, SizeBound, TensorType } from "../operators/operator.js";
import { type ModelPolicy, quoted, refuse } from "./policy.js";

/** A text takes about this much beside its characters. */
const TEXT_BYTES = 64;
/** The values of a detector of YOLO's size are some 200 times its picture. */
const INPUT_GROWTH = 256;
/** Rows for which the growth of memory is measured. */
export const MANY_ROWS = 1024;

/** The same quantity for one row and for `MANY_ROWS`. */
type Pair = readonly [number, number];

export class SizeAccount {
  readonly #policy: ModelPolicy;
  /** Largest value of every symbol. */
  readonly #symbols = new Map<string, Pair>();
  #limit: number;
  #counter = 0;
  #bytes: Pair = [0, 0];

  constructor(policy: ModelPolicy, fileBytes: number) {
    this.#policy = policy;
    this.#limit = policy.bytesForOneRow + 4 * fileBytes;
  }

  /** Rows of which all intermediate values together stay below `bytes`, 1..`MANY_ROWS`. */
  comfortableRows(bytes: number): number {
    const [one, many] = this.#bytes;
    const perRow = (many - one) / (MANY_ROWS - 1);
    if (perRow <= 0) return MANY_ROWS;
    return Math.max(1, Math.min(MANY_ROWS, Math.floor((bytes - one) / perRow)));
  }

  /** Counts an input: what a row brings itself, a large picture, may become many times as much. */
  addInput(value: TensorType, name: string): void {
    const width = ELEMENT_BYTES[ELEMENT_CODES[value.type]] ?? 0;
    this.#limit += INPUT_GROWTH * this.#elements(value.shape)[0] * width;
    this.add(value, name);
  }

  /** Counts a value. Sizes that are not whole and non-negative are refused. */
  add(value: TensorType, name: string): void {
    const { type, shape } = value;
    if (shape.length > this.#policy.rank) refuse(`the value ${quoted(name)} has ${shape.length} dimensions`);
    for (const size of shape) {
      if (typeof size === "number" && !(Number.isSafeInteger(size) && size >= 0)) {
        refuse(`the value ${quoted(name)} has an impossible shape`);
      }
    }
    const bytes = type === "string" ? TEXT_BYTES : ELEMENT_BYTES[ELEMENT_CODES[type]]!;
    const [one, many] = this.#elements(shape);
    this.#bytes = [this.#bytes[0] + one * bytes, this.#bytes[1] + many * bytes];
    if (!(this.#bytes[0] <= this.#limit)) {
      refuse(`it needs more than ${this.#limit} bytes for one row (at the value ${quoted(name)})`, {
        limit: this.#limit,
      });
    }
  }

  /** A new symbol, bounded as the rule says. */
  fresh(call: OperatorCall, bound: SizeBound = "inputs"): string {
    const name = `?${this.#counter++}`;
    this.#symbols.set(name, this.#bound(call, bound));
    return name;
  }

  #bound(call: OperatorCall, bound: SizeBound): Pair {
    if (bound === "unbounded") {
      return refuse(`nothing bounds the size of what ${call.type} makes`, { operator: call.type });
    }
    if (bound === "inputs") return this.#inputElements(call.inputs);
    return [bound((size) => this.#size(size)[0]), bound((size) => this.#size(size)[1])];
  }

  #inputElements(inputs: readonly (GraphValue | undefined)[]): Pair {
    let [one, many] = [0, 0];
    for (const input of inputs) {
      if (!input) continue;
      const [inOne, inMany] = this.#elements(input.shape);
      one += inOne;
      many += inMany;
    }
    return [one, many];
  }

  #elements(shape: readonly Dimension[]): Pair {
    let [one, many] = [1, 1];
    for (const dimension of shape) {
      const [inOne, inMany] = this.#size(dimension);
      one *= inOne;
      many *= inMany;
    }
    return [one, many];
  }

  /** Symbols of the graph's inputs stand for the number of rows. */
  #size(size: Dimension): Pair {
    return typeof size === "number" ? [size, size] : (this.#symbols.get(size) ?? [1, MANY_ROWS]);
  }
}
