import { createRandom } from "../../foundation/base/random.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import type { FitContext, FitExecutor, FittedModel } from "../fitting/fit-messages.js";
import { FeatureCache } from "./features.js";
import { type LearningMaterial, labelled, type PackedMaterial, unpackMaterial } from "./material.js";
import { type Supplement, supplementedFeatures, taught } from "./supplement.js";

/** Raised whenever this folder would give other results for the same task. */
const VERSION = 2;

interface Prepared {
  readonly material: LearningMaterial;
  readonly features: FeatureCache;
}

/** What was made of a material; it goes when the material goes. */
const prepared = new WeakMap<object, Prepared>();

/** Fits one configuration on one fold: the features of its style, fitted once, and the trainer on the fold's rows. */
export const fitExecutor: FitExecutor = {
  version: VERSION,
  async fit(task, packed, context, extra): Promise<FittedModel> {
    const { fold: wanted, config, maxIterations } = task;
    const supplement = extra as Supplement | undefined;
    const { material, features: cache } = prepare(packed as PackedMaterial, context);
    const { trainer, transforms: _, seed, ...work } = context;
    const { features: style } = trainer.capabilities;
    const features = supplementedFeatures(() => cache.prepare(style).features, supplement);
    const fold = wanted === "all" ? undefined : material.folds[wanted]!;
    const rows = fold ? fold.fit : Int32Array.from({ length: features.rows }, (_, row) => row);
    const train = taught(material, features, rows, supplement);
    const validation = fold && labelled(material, takeRows(features, fold.heldOut), fold.heldOut);
    const fitted = await trainer.fit(
      { train, ...(validation ? { validation } : {}) },
      { ...config },
      {
        ...work,
        random: createRandom(seed).fork(`fit/${trainer.id}/${wanted}`),
        ...(maxIterations === undefined ? {} : { maxIterations }),
      },
    );
    return {
      state: fitted.state,
      heldOut: validation ? fitted.predict(validation.features) : null,
      diagnostics: fitted.diagnostics,
    };
  },
};

function prepare(packed: PackedMaterial, { seed, transforms, ...work }: FitContext): Prepared {
  const known = prepared.get(packed);
  if (known) return known;
  const material = unpackMaterial(packed);
  const features = new FeatureCache(material, { transforms, seed, work });
  const made = { material, features };
  prepared.set(packed, made);
  return made;
}
