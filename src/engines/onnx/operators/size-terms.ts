/**
 * Sizes that are known at run time only, as terms of named ones: `4*batch`, `past+length`. Equal terms have equal
 * names, so that shapes which are computed twice are known to be the same.
 */
import type { Dimension } from "../../../foundation/contracts/graph.js";

const WHOLE = /^-?\d+$/;

interface Product {
  readonly number: number;
  readonly symbols: readonly string[];
}

/** Sums are factors of a product as a whole. */
function factorsOf(size: string): readonly string[] {
  if (size.startsWith("(") || !size.includes("*")) return [size];
  return size.includes("(") ? [size] : size.split("*");
}

function productOf(sizes: readonly Dimension[]): Product {
  let number = 1;
  const symbols: string[] = [];
  for (const size of sizes) {
    const parts = typeof size === "number" ? [size] : factorsOf(size);
    for (const part of parts) {
      const value = typeof part === "number" ? part : WHOLE.test(part) ? Number(part) : undefined;
      if (value === undefined) symbols.push(part as string);
      else number *= value;
    }
  }
  return { number, symbols: symbols.sort() };
}

function termOf({ number, symbols }: Product): Dimension {
  if (symbols.length === 0 || number === 0) return number;
  return number === 1 ? symbols.join("*") : [number, ...symbols].join("*");
}

export function productTerm(sizes: readonly Dimension[]): Dimension {
  return termOf(productOf(sizes));
}

/** The product of some sizes divided by that of others; `undefined` where it does not come out even. */
export function quotientTerm(
  dividend: readonly Dimension[],
  divisor: readonly Dimension[],
): Dimension | undefined {
  const [above, below] = [productOf(dividend), productOf(divisor)];
  if (below.number === 0 || above.number % below.number !== 0) return undefined;
  const symbols = [...above.symbols];
  for (const symbol of below.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  return termOf({ number: above.number / below.number, symbols });
}

/** Numbers of a sum come last: `(length+past+1)`. */
export function sumTerm(a: Dimension, b: Dimension): Dimension {
  const parts = [a, b].flatMap((size) => {
    const isSum = typeof size === "string" && /^\([^()]*\)$/.test(size);
    return isSum ? size.slice(1, -1).split("+") : [String(size)];
  });
  const number = parts.filter((part) => WHOLE.test(part)).reduce((sum, part) => sum + Number(part), 0);
  const symbols = parts.filter((part) => !WHOLE.test(part)).sort();
  if (symbols.length === 0) return number;
  if (symbols.length === 1 && number === 0) return symbols[0]!;
  return `(${[...symbols, ...(number === 0 ? [] : [number])].join("+")})`;
}
