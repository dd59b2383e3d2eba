/** The languages in which pages are written. */
export const LANGUAGES = ["en", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];

/** A sentence, or a function that makes one of its values. */
type Entry = string | ((...values: never[]) => string);
type Table = Readonly<Record<string, Entry>>;

/** The same keys; texts stay texts, functions keep their parameters. A missing key does not compile. */
type Translation<T extends Table> = {
  readonly [Key in keyof T]: T[Key] extends (...values: infer Values) => string
    ? (...values: Values) => string
    : string;
};

/** Everything a page says, in every language, side by side. */
export function defineTexts<const T extends Table>(
  english: T,
  chinese: Translation<T>,
): (language: Language) => Translation<T> {
  // A table has the keys and parameters that are derived from it; TypeScript does not see that for one not yet known.
  const tables: Record<Language, Translation<T>> = { en: english as unknown as Translation<T>, zh: chinese };
  return (language) => tables[language];
}
