import { fitLabels } from "../../../engines/pages/charts/fit-labels.js";
import { type Html, html, printable, shorten } from "../../../engines/pages/html.js";

/** Pixels for the name of a column, at the size of small letters; what is longer keeps what tells it apart. */
const NAME_WIDTH = 220;
const SMALL_SIZE = 12.5;

/** Columns with a row's values in them. */
export function valueList(values: readonly (readonly [string, string])[]): Html {
  const names = fitLabels(
    values.map(([name]) => printable(name)),
    NAME_WIDTH,
    SMALL_SIZE,
  );
  const cells = values.map(
    ([, value], index) =>
      html`${index > 0 && ", "}<span class="muted">${names[index]}</span> ${value === "" ? "∅" : shorten(value, 50)}`,
  );
  return html`<span class="small">${cells}</span>`;
}
