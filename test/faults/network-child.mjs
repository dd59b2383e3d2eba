// Trains a small network with a checkpoint every few steps. Prints each checkpoint, at the end a digest of the parameters.
// Usage: network-child.mjs FOLDER EXECUTION STEPS
import { createHash } from "node:crypto";
import { adamW, createTraining, squaredError } from "../../dist/engines/autodiff/index.js";
import { createBatchOrder } from "../../dist/engines/autodiff/loop/batch-source.js";
import { openCheckpoints } from "../../dist/engines/autodiff/loop/checkpoints.js";
import { fitTraining } from "../../dist/engines/autodiff/loop/fit.js";
import { createRandom } from "../../dist/foundation/base/random.js";

const [folder, execution, steps] = process.argv.slice(2);
const [ROWS, WIDTH, HIDDEN, BATCH] = [200, 20, 300, 32];
const random = createRandom("network");
const normals = (count, scale = 1) => Float32Array.from({ length: count }, () => scale * random.normal());
const parameter = (name, shape, scale) => ({
  name,
  shape,
  values: normals(
    shape.reduce((a, b) => a * b, 1),
    scale,
  ),
});
const training = await createTraining({
  parameters: [
    parameter("w1", [WIDTH, HIDDEN], 0.2),
    parameter("w2", [HIDDEN, HIDDEN], 0.05),
    parameter("w3", [HIDDEN, 1], 0.05),
  ],
  shared: {
    features: { type: "float32", shape: [ROWS, WIDTH], data: normals(ROWS * WIDTH) },
    truth: { type: "float32", shape: [ROWS, 1], data: normals(ROWS) },
  },
  perStep: { rows: { type: "int64", shape: [BATCH] } },
  loss({ x, parameter, input }) {
    const rows = input("rows");
    const first = x.apply("Tanh", x.matmul(x.gather(input("features"), rows), parameter("w1")));
    const value = x.matmul(x.apply("Tanh", x.matmul(first, parameter("w2"))), parameter("w3"));
    return x.mean(squaredError(x, value, x.gather(input("truth"), rows)));
  },
  optimizer: adamW(),
  execution,
});
const order = createBatchOrder({ rows: ROWS, size: BATCH, random: random.fork("order") });
const store = openCheckpoints({ folder, identity: execution });
const result = await fitTraining({
  training,
  steps: Number(steps),
  batches: { batch: (step) => ({ rows: BigInt64Array.from(order.rows(step), BigInt) }) },
  learningRate: (step) => 0.01 / (1 + step / 50),
  evaluation: {
    everySteps: 30,
    evaluate: async () => ({ norm: -Math.hypot(...training.parameters().get("w3")) }),
    watch: "norm",
    better: "smaller",
  },
  checkpoints: {
    everySteps: 7,
    store: {
      latest: () => store.latest(),
      save(snapshot) {
        store.save(snapshot);
        console.log(`checkpoint ${snapshot.step}`);
      },
    },
  },
});
const hash = createHash("sha256");
for (const [name, values] of result.parameters) hash.update(name).update(values);
for (const [name, values] of training.parameters()) hash.update(name).update(values);
hash.update(JSON.stringify([result.trainLoss, result.evaluations]));
console.log(`digest ${hash.digest("hex")}`);
