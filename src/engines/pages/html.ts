/** Markup that is safe to insert as it is. Made only by `html` and by `trustedMarkup`. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
  toString(): string {
    return this.markup;
  }
}

/** What a template takes: text is escaped, markup is kept, lists are joined, nothing is left out. */
export type HtmlValue = string | number | Html | null | undefined | false | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};
// Control characters other than tab and line ends have no place in HTML; bidirectional overrides could make
// a value read as something else than it is.
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Text without control characters and bidirectional overrides; lone surrogates become U+FFFD. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "\u{fffd}").replace(/\p{Surrogate}/gu, "\u{fffd}");
}

/** Escapes text for element content and for quoted attribute values. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"'`]/g, (character) => ENTITIES[character]!);
}

/**
 * Tagged template whose interpolations are escaped. Attribute values must be quoted in the template, and a
 * value from outside must never stand in `href`, `src`, `style` or an event attribute.
 */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  let markup = strings[0]!;
  for (const [index, value] of values.entries()) markup += toMarkup(value) + strings[index + 1]!;
  return new Html(markup);
}

/** Markup from a source that escapes by itself (the chart renderer). Never call it with text from data. */
export function trustedMarkup(markup: string): Html {
  return new Html(markup);
}

function toMarkup(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map(toMarkup).join("");
  return escapeHtml(String(value));
}

/** At most `limit` characters (code points), one line, the middle of longer text left out. */
export function shorten(text: string, limit = 40): string {
  const characters = Array.from(printable(text.slice(0, 4 * limit + 4)).replace(/\s+/g, " "));
  if (characters.length <= limit && text.length <= 4 * limit + 4) return characters.join("");
  return `${characters.slice(0, Math.max(1, limit - 1)).join("")}…`;
}
