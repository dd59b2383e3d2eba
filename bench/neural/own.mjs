// Steps of one network in Quern. Usage: own.mjs NETWORK STEPS THREADS; prints { times, processor, losses, peakMegabytes } as JSON.
import { readFileSync } from "node:fs";
import { adamW, createTraining, crossEntropy } from "../../dist/engines/autodiff/index.js";
import { LEARNING_RATE, networks, STEPS_AT_ONCE } from "./models.mjs";

const [name, stepsText, threadsText] = process.argv.slice(2);
const steps = Number(stepsText);

/** A training holds its parameters itself: nothing here may keep the first values. */
function definitionOf(network) {
  const { parameters, inputs, loss } = network;
  return { parameters, shared: inputs, perStep: {}, loss, optimizer: adamW() };
}

const training = await createTraining({
  ...definitionOf(networks[name](crossEntropy)),
  threads: Number(threadsText),
});
const [times, processor, losses] = [[], [], []];
while (losses.length < steps) {
  const count = training.execution === "loop" ? Math.min(STEPS_AT_ONCE, steps - losses.length) : 1;
  const [start, used] = [performance.now(), process.cpuUsage()];
  losses.push(...(await training.run(new Float64Array(count).fill(LEARNING_RATE), {})));
  times.push((performance.now() - start) / count);
  const { user, system } = process.cpuUsage(used);
  processor.push((user + system) / 1000 / count);
}
await training.close();
console.log(
  JSON.stringify({ times, processor, losses, peakMegabytes: peakMegabytes(), execution: training.execution }),
);

function peakMegabytes() {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
}
