/** A process that answers questions about the experiments of a store, until nobody listens. */
import { constants, setPriority } from "node:os";
import { QuernError } from "../../foundation/base/errors.js";
import type { ExperimentResult } from "../../foundation/contracts/experiment.js";
import type { ExperimentQuestion, ExperimentReply } from "./messages.js";
import {
  experimentStatus,
  startBandit,
  startExperiment,
  stopExperiment,
  updateExperiment,
} from "./run-experiment.js";

process.on("SIGINT", () => undefined);
// Handles of the engines that it used would keep it.
process.on("disconnect", () => process.exit());
process.on("message", (question: ExperimentQuestion) => {
  const send = (reply: ExperimentReply) => process.send?.(reply);
  answer(question).then(
    (result) => send({ result }),
    (failure: unknown) =>
      send(
        QuernError.is(failure)
          ? { error: failure.toJSON() }
          : { crash: failure instanceof Error ? (failure.stack ?? failure.message) : String(failure) },
      ),
  );
});
try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Not everywhere allowed.
}

function answer({ store, folder, name, ...question }: ExperimentQuestion): Promise<ExperimentResult> {
  const options = { store, folder };
  switch (question.action) {
    case "start": {
      const { request } = question;
      if ("candidate" in request) return startExperiment({ name, ...request }, options);
      const { bandit: method, reward, ...rest } = request;
      return startBandit({ name, method, ...rest, ...(reward ? { reward } : {}) }, options);
    }
    case "status":
      return experimentStatus(name, options);
    case "conclude":
      return updateExperiment(name, options);
    case "stop":
      return stopExperiment({ name, reason: question.reason }, options);
  }
}
