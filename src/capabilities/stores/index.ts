export {
  type CachedStepOptions,
  type CachedStepResult,
  findStep,
  recordStep,
  runCached,
  type StepIdentity,
  stepKey,
} from "./cached-step.js";
export { diagnoseStore, type OpenStoreOptions, openStore } from "./open-store.js";
