/** A thread that explains the rows of one served model, so that an expensive explanation holds up no prediction. */
import { parentPort, workerData } from "node:worker_threads";
import { type LoadedBundle, openBundle } from "../../capabilities/bundles/index.js";
import { createTransforms } from "../../capabilities/features/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { createRandom } from "../../foundation/base/random.js";
import type { PredictionExplanation } from "../../foundation/contracts/explanation.js";
import { createFrame } from "../../foundation/contracts/frame.js";
import { decodeColumn, encodeRows } from "../../foundation/contracts/row-encoding.js";
import { explainFrame } from "./explain-rows.js";
import type { ExplanationReply, ExplanationRequest, ExplanationThreadData } from "./explanation-messages.js";
import { type OpenExplainer, openExplainer } from "./open-explainer.js";

/** Coalitions of columns asked of a model that cannot be explained from its structure, against so many rows. */
const COALITIONS = 64;
const BACKGROUND_ROWS = 8;

const { bundle: servable } = workerData as ExplanationThreadData;
const opening = open();
// A bundle that cannot be opened fails each request, not the thread.
opening.catch(() => undefined);
parentPort!.on("message", (request: ExplanationRequest) => void answer(request));

async function open(): Promise<{ bundle: LoadedBundle; explainer: OpenExplainer }> {
  const hostTransforms = createTransforms();
  const bundle = await openBundle(servable, { hostTransforms });
  const explainer = await openExplainer(bundle, {
    hostTransforms,
    method: "auto",
    coalitions: COALITIONS,
    random: createRandom("explain"),
    backgroundRows: BACKGROUND_ROWS,
  });
  return { bundle, explainer };
}

async function answer({ id, rows }: ExplanationRequest): Promise<void> {
  let reply: ExplanationReply;
  try {
    const { bundle, explainer } = await opening;
    const { inputs } = bundle.manifest;
    const encoded = encodeRows(inputs, rows);
    const frame = createFrame(
      inputs.map(({ column: { name, kind } }) => [name, decodeColumn(kind, encoded.get(name)!)] as const),
      rows.length,
    );
    const { basis, rows: explained } = await explainFrame(bundle, explainer, frame, {});
    const explanations = explained.map(
      ({ class: about, base, score, contributions }): PredictionExplanation => {
        // No prototype: a column may be called `__proto__`.
        const byColumn: Record<string, number> = Object.create(null);
        for (const [k, name] of basis.columns.entries()) byColumn[name] = contributions[k]!;
        const { method, exact, space, fidelity } = basis;
        const trust = fidelity === undefined ? {} : { fidelity };
        return { method, exact, space, ...trust, class: about, base, score, contributions: byColumn };
      },
    );
    reply = { id, explanations };
  } catch (cause) {
    reply = { id, error: QuernError.is(cause) ? cause.toJSON() : { message: String(cause) } };
  }
  parentPort!.postMessage(reply);
}
