import { z } from "zod";
import type { Language } from "../../engines/pages/texts.js";

/** What a page is asked with. */
export const pageHeaders = z.object({
  accept: z.string().optional(),
  "accept-language": z.string().optional(),
});

/** The language that stands first by its weight (RFC 9110, section 12.5.4); English where neither is wanted. */
export function languageOf(header: string | undefined): Language {
  const wanted = (header ?? "").split(",").map((part) => {
    const [tag = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const weight = parameters.find((text) => text.startsWith("q="))?.slice(2);
    return { tag, weight: weight === undefined ? 1 : Number(weight) };
  });
  const weightOf = (language: Language) =>
    Math.max(
      0,
      ...wanted
        .filter(({ tag, weight }) => weight > 0 && (tag === language || tag.startsWith(`${language}-`)))
        .map(({ weight }) => weight),
    );
  return weightOf("zh") > weightOf("en") ? "zh" : "en";
}

/** Browsers name text/html; programs ask for JSON or for anything. */
export const wantsPage = (accept: string | undefined): boolean => /\btext\/html\b/i.test(accept ?? "");
