import { QuernError } from "../../foundation/base/errors.js";
import { elementCount } from "../../foundation/contracts/tensor.js";
import { requireDevice } from "./execution/devices.js";
import { openLoop } from "./execution/loop.js";
import { estimateStepMemory, refuseBeyond } from "./execution/memory.js";
import { buildStep } from "./execution/step.js";
import { openStepwise } from "./execution/stepwise.js";
import { ParameterLayout } from "./parameters.js";
import type { Execution, MemoryEstimate, Training, TrainingDefinition, TrainingState } from "./training.js";

/** From here on copies of the state cost more than the overhead of single steps. */
const STEPWISE_FROM = { parameters: 2 ** 20, bytes: 2 ** 27 };

/**
 * Builds the graph and opens the runtime on it.
 * @param from state of an equal training, to go on from there
 * @throws QuernError TRAINING_FAILED when an op of the loss has no derivative; OUT_OF_MEMORY when a step would need
 *   more than `memoryLimitBytes`; UNSUPPORTED when the device cannot train
 */
export async function createTraining(
  definition: TrainingDefinition,
  from?: TrainingState,
): Promise<Training> {
  if (definition.device && definition.device !== "cpu") await requireDevice(definition.device);
  const layout = new ParameterLayout(definition.parameters, !definition.optimizer.wholeTensors);
  const step = buildStep(definition);
  const estimates = {
    loop: estimateStepMemory(definition, step, "loop"),
    stepwise: estimateStepMemory(definition, step, "stepwise"),
  };
  const execution = chooseExecution(definition, estimates.stepwise);
  const memory = estimates[execution];
  if (definition.memoryLimitBytes !== undefined) {
    refuseBeyond(definition.memoryLimitBytes, memory, definition, estimates);
  }
  const training =
    execution === "loop"
      ? await openLoop(definition, layout, memory)
      : await openStepwise(definition, layout, step, memory);
  if (from) training.restore(from);
  return training;
}

function chooseExecution(definition: TrainingDefinition, memory: MemoryEstimate): Execution {
  const { parameters, execution, accumulate = 1, forms = 1, loss } = definition;
  const needsSteps = accumulate > 1 || typeof loss !== "function";
  if (execution === "loop" && needsSteps) {
    throw new QuernError("UNSUPPORTED", "Accumulated gradients and a loss in parts are executed stepwise.");
  }
  if (execution) return execution;
  const count = parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const isLarge = count >= STEPWISE_FROM.parameters || memory.activationBytes >= STEPWISE_FROM.bytes;
  // Neighbouring steps have other forms, and a Loop for a step or two copies the state more than it computes.
  return needsSteps || isLarge || forms > 1 ? "stepwise" : "loop";
}
