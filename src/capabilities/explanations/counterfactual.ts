import type { Random } from "../../foundation/base/random.js";
import { quantileOfSorted } from "../../foundation/base/statistics.js";
import type { Counterfactual } from "../../foundation/contracts/explanation.js";
import { createFrame, type Frame, takeRows } from "../../foundation/contracts/frame.js";
import {
  type Cell,
  cellOf,
  columnOfCells,
  createNeighbourhood,
  type Neighbourhood,
  sortedNumbers,
} from "./cells.js";
import { gridOf } from "./effects/dependence.js";
import type { PredictFrame } from "./predict-frame.js";

/** What may change in a row, by column. */
export interface ColumnLimit {
  /** Stays as it is. */
  readonly immutable?: boolean;
  /** Numbers and datetimes stay within. Default: what the data show. */
  readonly range?: readonly [number, number];
  readonly direction?: "increase" | "decrease";
}

export interface CounterfactualOptions {
  /** Rows of the training data: values that occur, and what is plausible. */
  readonly data: Frame;
  readonly output: number;
  /** Predictions that are wanted, ends included. */
  readonly wanted: { readonly low: number; readonly high: number };
  /** In words, for the document. */
  readonly wantedText: string;
  readonly limits?: Readonly<Record<string, ColumnLimit>>;
  /** At most so many columns change; default 4. */
  readonly mostChanges?: number;
  readonly random: Random;
}

interface Candidate {
  readonly cells: readonly Cell[];
  readonly changed: readonly number[];
  readonly distance: number;
  readonly prediction: number;
}

const BEAM = 12;
const MOST_CHANGES = 4;
const POPULATION = 40;
const GENERATIONS = 25;
const BISECTIONS = 6;

/**
 * The smallest change of one row that brings the model's prediction to where it is wanted: fewest columns, then
 * shortest distance. Greedy search over single changes of the best rows so far (a beam), and where that fails a seeded
 * genetic one; numbers are then moved back as far as the prediction allows. The first row of `row` is explained.
 */
export async function findCounterfactual(
  model: PredictFrame,
  row: Frame,
  index: number,
  options: CounterfactualOptions,
): Promise<Counterfactual> {
  const search = new Search(model, row, options);
  const before = (await search.ask([search.start]))[0]!;
  let found: Candidate | undefined = search.meets(before)
    ? search.candidate(search.start, before)
    : undefined;
  found ??= (await search.beam(before)) ?? (await search.evolve());
  if (found) found = await search.moveBack(found);
  const { near, names, start } = search;
  const usual = quantileOfSorted(near.ownDistances, 0.5);
  return {
    row: index,
    wanted: options.wantedText,
    found: found !== undefined,
    before,
    after: found?.prediction ?? null,
    changes: (found?.changed ?? []).map((k) => ({
      column: names[k]!,
      from: start[k]!,
      to: found!.cells[k]!,
    })),
    distance: found?.distance ?? null,
    plausibility: found && usual > 0 ? near.nearest(found.cells) / usual : null,
    evaluations: search.evaluations,
  };
}

class Search {
  readonly near: Neighbourhood;
  readonly names: readonly string[];
  readonly start: readonly Cell[];
  evaluations = 0;
  readonly #model: PredictFrame;
  readonly #row: Frame;
  readonly #options: CounterfactualOptions;
  /** Values each column may take. */
  readonly #choices: readonly (readonly Cell[])[];

  constructor(model: PredictFrame, row: Frame, options: CounterfactualOptions) {
    this.#model = model;
    this.#row = row;
    this.#options = options;
    this.near = createNeighbourhood(options.data);
    this.names = this.near.names;
    this.start = this.names.map((name) => cellOf(row.columns.get(name)!, 0));
    this.#choices = this.names.map((name, k) => this.#allowed(name, this.start[k]!));
  }

  meets(prediction: number): boolean {
    const { low, high } = this.#options.wanted;
    return prediction >= low && prediction <= high;
  }

  candidate(cells: readonly Cell[], prediction: number): Candidate {
    const changed = [...cells.keys()].filter((k) => cells[k] !== this.start[k]);
    return { cells, changed, distance: this.near.distance(this.start, cells), prediction };
  }

  async ask(rows: readonly (readonly Cell[])[]): Promise<Float64Array> {
    this.evaluations += rows.length;
    const base = takeRows(this.#row, new Int32Array(rows.length));
    const frame = createFrame(
      [...base.columns].map(([name, column]) => {
        const k = this.names.indexOf(name);
        return [
          name,
          k < 0
            ? column
            : columnOfCells(
                column,
                rows.map((cells) => cells[k]!),
              ),
        ] as const;
      }),
      rows.length,
    );
    const values = await this.#model.predict(frame);
    const { outputs } = this.#model;
    return Float64Array.from(rows, (_, at) => values[at * outputs + this.#options.output]!);
  }

  async #judge(rows: readonly (readonly Cell[])[]): Promise<Candidate[]> {
    if (rows.length === 0) return [];
    const predictions = await this.ask(rows);
    return rows.map((cells, k) => this.candidate(cells, predictions[k]!));
  }

  /** One more column changes at each depth, so the first depth with a solution has the fewest changes. */
  async beam(before: number): Promise<Candidate | undefined> {
    let kept: readonly Candidate[] = [this.candidate(this.start, before)];
    for (let depth = 0; depth < (this.#options.mostChanges ?? MOST_CHANGES); depth++) {
      const rows = kept.flatMap(({ cells, changed }) =>
        this.#choices.flatMap((choices, k) =>
          changed.includes(k) ? [] : choices.map((value) => cells.with(k, value)),
        ),
      );
      const candidates = await this.#judge(rows);
      const solved = candidates.filter(({ prediction }) => this.meets(prediction));
      if (solved.length > 0) return solved.reduce((best, one) => (isBetter(one, best) ? one : best));
      kept = candidates
        .sort((a, b) => this.#miss(a) - this.#miss(b) || a.distance - b.distance)
        .slice(0, BEAM);
      if (kept.length === 0) return undefined;
    }
    return undefined;
  }

  /** Random changes, crossed; better means nearer to what is wanted, then fewer and smaller changes. */
  async evolve(): Promise<Candidate | undefined> {
    const { random, mostChanges = MOST_CHANGES } = this.#options;
    const open = [...this.#choices.keys()].filter((k) => this.#choices[k]!.length > 0);
    if (open.length === 0) return undefined;
    const mutate = (cells: readonly Cell[]): readonly Cell[] => {
      const k = open[random.integer(open.length)]!;
      const choices = this.#choices[k]!;
      return cells.with(
        k,
        random.uniform() < 0.3 ? this.start[k]! : choices[random.integer(choices.length)]!,
      );
    };
    const cross = (a: readonly Cell[], b: readonly Cell[]) =>
      a.map((cell, k) => (random.uniform() < 0.5 ? cell : b[k]!));
    const order = (a: Candidate, b: Candidate) => this.#miss(a) - this.#miss(b) || (isBetter(a, b) ? -1 : 1);
    let population = await this.#judge(Array.from({ length: POPULATION }, () => mutate(mutate(this.start))));
    for (let generation = 0; generation < GENERATIONS; generation++) {
      population.sort(order);
      const parents = population.slice(0, POPULATION / 2);
      const pick = () => parents[random.integer(parents.length)]!.cells;
      const children = Array.from({ length: POPULATION / 2 }, () => mutate(cross(pick(), pick())));
      population = [...parents, ...(await this.#judge(children))];
    }
    const solved = population.filter(
      (one) => this.meets(one.prediction) && one.changed.length <= mostChanges,
    );
    return solved.reduce<Candidate | undefined>(
      (best, one) => (best && !isBetter(one, best) ? best : one),
      undefined,
    );
  }

  /** Halves the way of each changed number for as long as the prediction stays where it is wanted. */
  async moveBack(found: Candidate): Promise<Candidate> {
    let best = found;
    for (const k of found.changed) {
      const [from, to] = [this.start[k], best.cells[k]];
      if (typeof from !== "number" || typeof to !== "number" || this.#isDiscrete(k)) continue;
      let [near, far] = [from, to];
      for (let step = 0; step < BISECTIONS; step++) {
        const middle = this.#round(k, (near + far) / 2);
        if (middle === near || middle === far) break;
        const [tried] = await this.#judge([best.cells.with(k, middle)]);
        if (this.meets(tried!.prediction)) {
          best = tried!;
          far = middle;
        } else near = middle;
      }
    }
    return best;
  }

  #isDiscrete(k: number): boolean {
    return this.#options.data.columns.get(this.names[k]!)!.kind === "boolean";
  }

  /** Columns of whole numbers stay whole. */
  #round(k: number, value: number): number {
    const cells = this.near.rows.map((row) => row[k]);
    return cells.every((cell) => typeof cell !== "number" || Number.isInteger(cell))
      ? Math.round(value)
      : value;
  }

  /** How far a prediction is from what is wanted. */
  #miss({ prediction }: Candidate): number {
    const { low, high } = this.#options.wanted;
    return Math.max(low - prediction, prediction - high, 0);
  }

  #allowed(name: string, now: Cell): readonly Cell[] {
    const column = this.#options.data.columns.get(name)!;
    const { immutable = false, range, direction } = this.#options.limits?.[name] ?? {};
    if (immutable || column.kind === "text" || column.kind === "id") return [];
    const sorted = sortedNumbers(column);
    const ends = range && column.kind !== "boolean" ? range : [];
    const low = range?.[0] ?? sorted[0] ?? 0;
    const high = range?.[1] ?? sorted.at(-1) ?? 0;
    const ordered = typeof now === "number" && direction !== undefined;
    return [...new Set<Cell>([...gridOf(column), ...ends])].filter((value) => {
      if (value === now) return false;
      if (typeof value !== "number") return true;
      if (value < low || value > high) return false;
      return !ordered || (direction === "increase" ? value > now : value < now);
    });
  }
}

/** Fewer changes, then nearer. */
function isBetter(a: Candidate, b: Candidate): boolean {
  return a.changed.length === b.changed.length
    ? a.distance < b.distance
    : a.changed.length < b.changed.length;
}
