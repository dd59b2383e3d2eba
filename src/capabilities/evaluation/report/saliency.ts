/** Texts and images with what a decision hangs on marked: for it, or against it. */
import { type Html, html } from "../../../engines/pages/html.js";
import type { Saliency, WorstRow } from "../../../foundation/contracts/evaluation.js";

/** Weaker parts, as a share of the strongest, stay unmarked. */
const LEAST_SHARE = 0.25;
/** Drawn width of an image. */
const WIDTH = 96;
const STRONGEST_PATCH = 0.7;

export function saliencyOf({ saliency = [], images = [] }: WorstRow): Html {
  const drawn = saliency.map((one) => {
    if (one.kind === "words") return html`<p class="small">${markedWords(one.pieces)}</p>`;
    const image = images.find(({ column }) => column === one.column);
    if (!image) return undefined;
    const drawing = markedPatches(image.png, one);
    return one.kind === "activations" ? html`<p class="small">Grad-CAM</p>${drawing}` : drawing;
  });
  return drawn.length === 0 ? html`<span class="muted">–</span>` : html`${drawn}`;
}

function markedWords(pieces: Extract<Saliency, { kind: "words" }>["pieces"]): Html[] {
  const strongest = largest(pieces.map(([, weight]) => weight));
  return pieces.map(([text, weight]) => {
    if (Math.abs(weight) < LEAST_SHARE * strongest || strongest === 0) return html`${text}`;
    return html`<mark class="${side(weight)}${Math.abs(weight) > strongest / 2 ? " strong" : ""}">${text}</mark>`;
  });
}

function markedPatches(png: string, { side: parts, weights }: Exclude<Saliency, { kind: "words" }>): Html {
  const strongest = largest(weights);
  const across = WIDTH / parts;
  const patches = weights.map((weight, k) => {
    const share = strongest === 0 ? 0 : Math.abs(weight) / strongest;
    if (share < LEAST_SHARE) return undefined;
    const [x, y] = [(k % parts) * across, Math.floor(k / parts) * across];
    return html`<rect class="${side(weight)}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${across.toFixed(1)}" height="${across.toFixed(1)}" fill-opacity="${(share * STRONGEST_PATCH).toFixed(2)}"/>`;
  });
  return html`<svg class="scene" viewBox="0 0 ${WIDTH} ${WIDTH}" width="${WIDTH}" height="${WIDTH}"><image href="${png}" width="${WIDTH}" height="${WIDTH}" preserveAspectRatio="none"/>${patches}</svg>`;
}

const side = (weight: number): string => (weight > 0 ? "for" : "against");
const largest = (weights: readonly number[]): number =>
  weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
