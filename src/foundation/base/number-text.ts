/** How numbers of any message or page are written; digits, signs and separators are the same in every language. */

const MINUS = "\u2212";

/** A typographic minus; none before what rounds to zero. */
export function withMinus(text: string): string {
  if (Number.parseFloat(text) === 0 && !/e/.test(text)) return text.replace("-", "");
  return text.startsWith("-") ? MINUS + text.slice(1) : text;
}

/** What has no digits. */
export function formatSpecial(value: number): string {
  if (Number.isNaN(value)) return "–";
  return value > 0 ? "∞" : `${MINUS}∞`;
}

/** A share in 0..1 as percent, without a space before the sign: `12.3%`. */
export function formatPercent(share: number, decimals = 1): string {
  return Number.isFinite(share) ? `${withMinus((share * 100).toFixed(decimals))}%` : formatSpecial(share);
}

/** As `formatPercent` in a sentence: `90%`, `12.3%`. */
export function shortPercent(share: number): string {
  return formatPercent(share).replace(/\.0%$/, "%");
}

/** As a double a single-precision number shows digits that nobody wrote: of 0.1 it makes 0.10000000149011612. */
const MOST_SINGLE_DIGITS = 9;

/** The number of fewest digits that is the same single-precision number; one that is none stays as it is. */
export function shortestSingle(value: number): number {
  if (Math.fround(value) !== value) return value;
  for (let digits = 1; digits < MOST_SINGLE_DIGITS; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(MOST_SINGLE_DIGITS));
}
