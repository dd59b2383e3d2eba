/** Byte-pair encoding (Sennrich et al., 2016): pieces made by joining, again and again, the commonest neighbours. */

export interface MergeOptions {
  /** Pieces wanted, single characters included. */
  readonly pieces: number;
  /** Pairs seen less often are not joined, characters seen less often are left out. */
  readonly minimumCount: number;
  /** Written before every character but a word's first, and once in what is joined: `##` in WordPiece, else "". */
  readonly continuation: string;
  /** Single characters that are pieces whatever the words hold. */
  readonly alphabet?: readonly string[];
}

export interface Merges {
  /** In the order in which they were made: characters in code point order, then what was joined. */
  readonly pieces: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

/** Distinct words have at most 2^21 pieces, so that a pair is one exact number. */
const PAIR_BASE = 2 ** 21;

/**
 * Among equally common pairs the one whose pieces were made first is joined, as in Hugging Face tokenizers.
 * @param words how often each word occurs
 */
export function trainMerges(words: ReadonlyMap<string, number>, options: MergeOptions): Merges {
  const learner = new MergeLearner(words, options);
  return learner.run();
}

interface Word {
  readonly count: number;
  /** Ids of pieces; -1 is a character that is left out. */
  symbols: number[];
}

class MergeLearner {
  readonly #options: MergeOptions;
  readonly #pieces: string[] = [];
  readonly #ids = new Map<string, number>();
  readonly #words: Word[];
  readonly #counts = new Map<number, number>();
  /** Words in which a pair was seen; some may no longer hold it. */
  readonly #places = new Map<number, Set<number>>();
  readonly #queue = new PairQueue();

  constructor(words: ReadonlyMap<string, number>, options: MergeOptions) {
    this.#options = options;
    for (const character of alphabetOf(words, options)) this.#addPiece(character);
    this.#words = [...words]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([word, count]) => ({ count, symbols: this.#symbolsOf(word) }));
    for (const [index, { symbols, count }] of this.#words.entries()) {
      for (let k = 1; k < symbols.length; k++) this.#count(symbols[k - 1]!, symbols[k]!, count, index);
    }
    for (const [pair, count] of this.#counts) this.#queue.push(pair, count);
  }

  run(): Merges {
    const merges: [string, string][] = [];
    while (this.#pieces.length < this.#options.pieces) {
      const top = this.#queue.pop();
      if (!top || top.count < this.#options.minimumCount) break;
      const current = this.#counts.get(top.pair) ?? 0;
      if (current !== top.count) {
        // Counts of waiting pairs only fall; a pair that fell waits again at its place.
        if (current > 0) this.#queue.push(top.pair, current);
        continue;
      }
      merges.push(this.#join(top.pair));
    }
    return { pieces: this.#pieces, merges };
  }

  #symbolsOf(word: string): number[] {
    return Array.from(word, (character, k) => {
      const known = this.#ids.get(character);
      if (known === undefined) return -1;
      return k === 0 || this.#options.continuation === ""
        ? known
        : this.#addPiece(this.#options.continuation + character);
    });
  }

  #addPiece(piece: string): number {
    let id = this.#ids.get(piece);
    if (id === undefined) {
      id = this.#pieces.push(piece) - 1;
      this.#ids.set(piece, id);
    }
    return id;
  }

  #count(left: number, right: number, change: number, word: number): number | undefined {
    if (left < 0 || right < 0) return undefined;
    const pair = left * PAIR_BASE + right;
    this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + change);
    if (change > 0) {
      const places = this.#places.get(pair);
      if (places) places.add(word);
      else this.#places.set(pair, new Set([word]));
    }
    return pair;
  }

  #join(pair: number): [string, string] {
    const [left, right] = [Math.floor(pair / PAIR_BASE), pair % PAIR_BASE];
    const [first, second] = [this.#pieces[left]!, this.#pieces[right]!];
    const joined = this.#addPiece(first + second.slice(this.#options.continuation.length));
    const grown = new Set<number>();
    for (const place of this.#places.get(pair) ?? []) this.#joinInWord(place, left, right, joined, grown);
    this.#places.delete(pair);
    this.#counts.delete(pair);
    for (const other of grown) {
      const count = this.#counts.get(other) ?? 0;
      if (count > 0) this.#queue.push(other, count);
    }
    return [first, second];
  }

  #joinInWord(place: number, left: number, right: number, joined: number, grown: Set<number>): void {
    const word = this.#words[place]!;
    const { symbols, count } = word;
    const next: number[] = [];
    for (let k = 0; k < symbols.length; k++) {
      if (symbols[k] !== left || symbols[k + 1] !== right) {
        next.push(symbols[k]!);
        continue;
      }
      const before = next.at(-1);
      const after = symbols[k + 2];
      if (before !== undefined) {
        this.#count(before, left, -count, place);
        const made = this.#count(before, joined, count, place);
        if (made !== undefined) grown.add(made);
      }
      if (after !== undefined) {
        this.#count(right, after, -count, place);
        const made = this.#count(joined, after, count, place);
        if (made !== undefined) grown.add(made);
      }
      next.push(joined);
      k++;
    }
    word.symbols = next;
  }
}

/** In code point order. */
function alphabetOf(
  words: ReadonlyMap<string, number>,
  { alphabet = [], minimumCount }: MergeOptions,
): string[] {
  const counts = new Map<string, number>(alphabet.map((character) => [character, minimumCount]));
  for (const [word, count] of words) {
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
  }
  return [...counts]
    .filter(([, count]) => count >= minimumCount)
    .map(([character]) => character)
    .sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
}

/** The commonest pair first, of equally common ones that of the smaller ids: a binary heap. */
class PairQueue {
  readonly #pairs: number[] = [];
  readonly #counts: number[] = [];

  push(pair: number, count: number): void {
    let at = this.#pairs.length;
    this.#pairs.push(pair);
    this.#counts.push(count);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): { pair: number; count: number } | undefined {
    if (this.#pairs.length === 0) return undefined;
    this.#swap(0, this.#pairs.length - 1);
    const top = { pair: this.#pairs.pop()!, count: this.#counts.pop()! };
    for (let at = 0; ; ) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#pairs.length && this.#isBefore(child, first)) first = child;
      }
      if (first === at) return top;
      this.#swap(at, first);
      at = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#counts[a]! - this.#counts[b]!;
    return difference === 0 ? this.#pairs[a]! < this.#pairs[b]! : difference > 0;
  }

  #swap(a: number, b: number): void {
    for (const list of [this.#pairs, this.#counts]) [list[a], list[b]] = [list[b]!, list[a]!];
  }
}
