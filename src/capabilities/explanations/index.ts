export {
  type ColumnLimit,
  type CounterfactualOptions,
  findCounterfactual,
} from "./counterfactual.js";
export { partialDependence } from "./effects/dependence.js";
export { interactionStrengths } from "./effects/interaction.js";
export type { PredictFrame } from "./predict-frame.js";
export { explanationReport } from "./report/explanation-sections.js";
export { learnRules } from "./rule-list.js";
export type { Contributions, RowExplainer } from "./shapley/contributions.js";
export { type DescribedRows, describeRows } from "./shapley/describe.js";
export type { ShapleyBudget } from "./shapley/estimate.js";
export { createLinearExplainer } from "./shapley/linear-explainer.js";
export { createModelExplainer } from "./shapley/model-explainer.js";
export { createTreeExplainer } from "./shapley/tree-explainer.js";
export { type Lesson, learnSurrogate, type Pupil } from "./surrogate/learn-surrogate.js";
export { createSurrogateExplainer } from "./surrogate/surrogate-explainer.js";
