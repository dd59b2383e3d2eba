/** Letters of Chinese, Japanese and Korean, and full-width signs: as wide as the font is high. */
const FULL_WIDTH =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;
/** Of the font's size; a mean of the letters in names. */
const NARROW_WIDTH = 0.58;
/** Of the room, for the beginning of a label whose middle is left out. */
const HEAD_SHARE = 0.35;
/** Letters of what labels share, kept before they part. */
const CONTEXT = 3;

/** Drawn width in pixels, by estimate: no font is at hand. */
export function textWidth(text: string, fontSize: number): number {
  return Array.from(text).reduce(
    (width, letter) => width + fontSize * (FULL_WIDTH.test(letter) ? 1 : NARROW_WIDTH),
    0,
  );
}

/**
 * Labels cut to a width. Those that would become equal keep what tells them apart: their beginning is cut short, and
 * what follows their common part stands behind the ellipsis.
 */
export function fitLabels(labels: readonly string[], widthPx: number, fontSize: number): string[] {
  const cut = labels.map((label) => head(label, widthPx, fontSize));
  const groups = new Map<string, Set<string>>();
  for (const [index, label] of labels.entries()) {
    const group = groups.get(cut[index]!) ?? new Set();
    groups.set(cut[index]!, group.add(label));
  }
  return labels.map((label, index) => {
    const group = groups.get(cut[index]!)!;
    return group.size === 1 ? cut[index]! : apart(label, commonLength([...group]), widthPx, fontSize);
  });
}

function head(label: string, widthPx: number, fontSize: number): string {
  if (textWidth(label, fontSize) <= widthPx) return label;
  let room = widthPx - fontSize;
  let kept = "";
  for (const letter of label) {
    room -= textWidth(letter, fontSize);
    if (room < 0) break;
    kept += letter;
  }
  return `${kept.trimEnd()}…`;
}

function apart(label: string, common: number, widthPx: number, fontSize: number): string {
  const start = head(label, widthPx * HEAD_SHARE, fontSize);
  const rest = label.slice(Math.max(start.length - 1, common - CONTEXT));
  return start + head(rest, widthPx - textWidth(start, fontSize), fontSize);
}

/** UTF-16 units that all begin with. */
function commonLength(labels: readonly string[]): number {
  const [first = "", ...others] = labels;
  let length = 0;
  while (length < first.length && others.every((other) => other[length] === first[length])) length++;
  return length;
}
