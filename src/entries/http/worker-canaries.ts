/** How server processes tell one another how a canary does: through the first one, which started the others. */
import cluster, { type Worker } from "node:cluster";
import type { CanaryEvidence, CanaryPeers } from "../../foundation/contracts/serving.js";

interface Message {
  readonly quern: "canary";
  readonly evidence: CanaryEvidence;
}

/** In one of several processes. */
export function canaryPeers(): CanaryPeers {
  return {
    tell(evidence) {
      const message: Message = { quern: "canary", evidence };
      // A first process that has died is noticed elsewhere.
      if (process.connected) process.send?.(message, () => undefined);
    },
    listen(hear) {
      process.on("message", (message: Message) => message.quern === "canary" && hear(message.evidence));
    },
  };
}

/** In the first process: what one of them tells reaches all others. */
export function relayCanaries(worker: Worker): void {
  worker.on("message", (message: Message) => {
    if (message.quern !== "canary") return;
    for (const other of Object.values(cluster.workers ?? {}))
      if (other && other !== worker && other.isConnected()) other.send(message, () => undefined);
  });
}
