import { QuernError } from "../../foundation/base/errors.js";
import type { Store } from "../../foundation/contracts/store.js";

/** One thing at a time decides about the traffic of a name. @throws QuernError CONFIG_INVALID */
export async function refuseWhileRunning(store: Store, name: string): Promise<void> {
  const change = await store.registry.deployment(name);
  const { experiment, bandit, canary } = change?.deployment ?? {};
  if (!experiment && !bandit && !canary) return;
  throw new QuernError(
    "CONFIG_INVALID",
    `The traffic of ${name} is under ${canary ? "a canary" : "an experiment"} already.`,
    {
      hint: `End it first: \`quern experiment stop ${name} --reason …\` or \`quern deploy ${name} --end --reason …\`.`,
    },
  );
}
