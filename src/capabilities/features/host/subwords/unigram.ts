/**
 * A unigram language model of pieces (Kudo, 2018): many candidate pieces at first, probabilities by expectation and
 * maximisation over all ways to cut the words, and again and again the pieces that are missed least are dropped.
 */
import { digamma } from "../../../../foundation/base/gamma.js";

export interface UnigramOptions {
  /** Pieces wanted; single characters are never dropped. */
  readonly pieces: number;
  /** Characters seen less often are left out. */
  readonly minimumCount: number;
}

/** Longest piece, in characters. */
const LONGEST = 16;
/** Candidates at first, for each piece wanted. */
const CANDIDATES = 8;
/** Share of the pieces that a round of dropping keeps. */
const KEPT = 0.75;
const ROUNDS_BETWEEN = 2;
/** Pieces expected less often than this count as not seen. */
const LEAST_EXPECTED = 0.5;

interface Entry {
  readonly characters: readonly string[];
  readonly count: number;
}

/** @returns pieces with their natural logarithms of probability, the most probable first */
export function trainUnigram(
  words: ReadonlyMap<string, number>,
  { pieces, minimumCount }: UnigramOptions,
): [string, number][] {
  const characterCounts = new Map<string, number>();
  for (const [word, count] of words) {
    for (const c of word) characterCounts.set(c, (characterCounts.get(c) ?? 0) + count);
  }
  const isKnown = (c: string) => characterCounts.get(c)! >= minimumCount;
  const entries = entriesOf(words, isKnown);
  const characters = [...characterCounts.keys()].filter(isKnown);
  let model = seed(entries, characters, characterCounts, Math.max(pieces, characters.length) * CANDIDATES);
  const wanted = Math.max(pieces, characters.length);
  for (;;) {
    for (let round = 0; round < ROUNDS_BETWEEN; round++) model = improve(entries, model, characters);
    if (model.size <= wanted) break;
    model = drop(entries, model, Math.max(wanted, Math.floor(model.size * KEPT)));
  }
  return [...model].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

/** Runs of known characters, with how often they occur. */
function entriesOf(words: ReadonlyMap<string, number>, isKnown: (c: string) => boolean): Entry[] {
  const runs = new Map<string, number>();
  for (const [word, count] of words) {
    let run = "";
    for (const c of [...word, ""]) {
      if (c !== "" && isKnown(c)) run += c;
      else {
        if (run !== "") runs.set(run, (runs.get(run) ?? 0) + count);
        run = "";
      }
    }
  }
  return [...runs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([run, count]) => ({ characters: Array.from(run), count }));
}

/** Characters and the parts of words that cover most text, by the logarithms of their shares. */
function seed(
  entries: readonly Entry[],
  characters: readonly string[],
  characterCounts: ReadonlyMap<string, number>,
  candidates: number,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { characters: word, count } of entries) {
    for (let start = 0; start < word.length; start++) {
      let part = word[start]!;
      for (let end = start + 1; end < Math.min(word.length, start + LONGEST); end++) {
        part += word[end]!;
        counts.set(part, (counts.get(part) ?? 0) + count);
      }
    }
  }
  const covers = ([part, count]: [string, number]) => count * Array.from(part).length;
  const parts = [...counts]
    .filter(([, count]) => count >= 2)
    .map((part) => ({ part, size: covers(part) }))
    .sort((a, b) => b.size - a.size || (a.part[0] < b.part[0] ? -1 : 1))
    .slice(0, Math.max(0, candidates - characters.length));
  const chosen: [string, number][] = [
    ...characters.map((c): [string, number] => [c, characterCounts.get(c)!]),
    ...parts.map(({ part, size }): [string, number] => [part[0], size]),
  ];
  const total = Math.log(chosen.reduce((sum, [, count]) => sum + count, 0));
  return new Map(chosen.map(([piece, count]) => [piece, Math.log(count) - total]));
}

/** One step of expectation and maximisation. */
function improve(
  entries: readonly Entry[],
  model: ReadonlyMap<string, number>,
  characters: readonly string[],
): Map<string, number> {
  const expected = new Map<string, number>();
  for (const entry of entries) expect(entry, model, expected);
  for (const c of characters) if (!(expected.get(c)! >= LEAST_EXPECTED)) expected.set(c, LEAST_EXPECTED);
  const kept = [...expected].filter(([, count]) => count >= LEAST_EXPECTED);
  const total = digamma(kept.reduce((sum, [, count]) => sum + count, 0));
  // The mean of the logarithm under a Dirichlet prior prefers few pieces (Kudo's implementation, SentencePiece).
  return new Map(kept.map(([piece, count]) => [piece, digamma(count) - total]));
}

/** Adds how often each piece is expected in the word, over all ways to cut it. */
function expect(entry: Entry, model: ReadonlyMap<string, number>, expected: Map<string, number>): void {
  const { characters, count } = entry;
  const edges = edgesOf(characters, model);
  const size = characters.length;
  const forward = new Float64Array(size + 1).fill(Number.NEGATIVE_INFINITY);
  const backward = new Float64Array(size + 1).fill(Number.NEGATIVE_INFINITY);
  forward[0] = 0;
  backward[size] = 0;
  for (const { start, end, score } of edges) forward[end] = logAdd(forward[end]!, forward[start]! + score);
  for (const { start, end, score } of edges.slice().reverse()) {
    backward[start] = logAdd(backward[start]!, backward[end]! + score);
  }
  for (const { piece, start, end, score } of edges) {
    const share = Math.exp(forward[start]! + score + backward[end]! - forward[size]!);
    expected.set(piece, (expected.get(piece) ?? 0) + share * count);
  }
}

interface Edge {
  readonly piece: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** Pieces at all places of a word, by their starts. */
function edgesOf(characters: readonly string[], model: ReadonlyMap<string, number>): Edge[] {
  const edges: Edge[] = [];
  for (let start = 0; start < characters.length; start++) {
    let piece = "";
    for (let end = start + 1; end <= Math.min(characters.length, start + LONGEST); end++) {
      piece += characters[end - 1]!;
      const score = model.get(piece);
      if (score !== undefined) edges.push({ piece, start, end, score });
    }
  }
  return edges;
}

/** The best way to cut the characters, without the piece `except`; its pieces and its score. */
function bestCut(
  characters: readonly string[],
  model: ReadonlyMap<string, number>,
  except?: string,
): { pieces: string[]; score: number } {
  const size = characters.length;
  const best = new Float64Array(size + 1).fill(Number.NEGATIVE_INFINITY);
  const last = new Array<Edge | undefined>(size + 1);
  best[0] = 0;
  for (const edge of edgesOf(characters, model)) {
    const score = best[edge.start]! + edge.score;
    if (edge.piece === except || !(score > best[edge.end]!)) continue;
    best[edge.end] = score;
    last[edge.end] = edge;
  }
  const pieces: string[] = [];
  for (let at = last[size]; at; at = last[at.start]) pieces.push(at.piece);
  return { pieces: pieces.reverse(), score: best[size]! };
}

/** Keeps the pieces whose loss would cost the words' likelihood most, and all single characters. */
function drop(
  entries: readonly Entry[],
  model: ReadonlyMap<string, number>,
  wanted: number,
): Map<string, number> {
  const used = new Map<string, number>();
  for (const { characters, count } of entries) {
    for (const piece of bestCut(characters, model).pieces) used.set(piece, (used.get(piece) ?? 0) + count);
  }
  const costs = [...model].map(([piece, score]) => {
    const characters = Array.from(piece);
    if (characters.length === 1) return { piece, cost: Number.POSITIVE_INFINITY };
    const count = used.get(piece) ?? 0;
    return { piece, cost: count === 0 ? 0 : count * (score - bestCut(characters, model, piece).score) };
  });
  costs.sort((a, b) => (a.cost === b.cost ? (a.piece < b.piece ? -1 : 1) : b.cost - a.cost));
  return new Map(costs.slice(0, wanted).map(({ piece }) => [piece, model.get(piece)!]));
}

function logAdd(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(low - high));
}
