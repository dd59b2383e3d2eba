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
