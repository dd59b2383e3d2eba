// Optimizer steps of dense networks against PyTorch, one thread each, in alternated runs.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { adamW, createTraining, squaredError } from "../../dist/engines/autodiff/index.js";
import { createRandom } from "../../dist/foundation/base/random.js";

const here = dirname(fileURLToPath(import.meta.url));
const environment = join(dirname(dirname(here)), ".bench/venv-neural");
const python = process.env.QUERN_BENCH_PYTHON ?? join(environment, "bin/python");
const [ROWS, BATCH, STEPS, PAIRS] = [3000, 128, 300, 3];
/** Input, hidden layers, output. */
const NETWORKS = [
  [48, 192, 192, 1],
  [48, 192, 192, 192, 7],
  [784, 512, 512, 10],
];

function prepare() {
  if (existsSync(python)) return;
  execFileSync("python3", ["-m", "venv", environment]);
  execFileSync(python, ["-m", "pip", "install", "-q", "-r", join(here, "requirements.txt")], {
    stdio: "inherit",
  });
}

async function stepMilliseconds(widths) {
  const random = createRandom(0);
  const normals = (shape, scale) => ({
    type: "float32",
    shape,
    data: Float32Array.from({ length: shape[0] * shape[1] }, () => scale * random.normal()),
  });
  const layers = widths.slice(1).map((width, k) => [widths[k], width]);
  const training = await createTraining({
    parameters: layers.flatMap(([inputs, outputs], k) => [
      {
        name: `weight${k}`,
        shape: [inputs, outputs],
        values: normals([inputs, outputs], inputs ** -0.5).data,
      },
      { name: `bias${k}`, shape: [outputs], values: new Float32Array(outputs) },
    ]),
    shared: { x: normals([ROWS, widths[0]], 1), y: normals([ROWS, widths.at(-1)], 1) },
    perStep: { rows: { type: "int64", shape: [BATCH] } },
    loss({ x, parameter, input }) {
      let value = x.gather(input("x"), input("rows"));
      for (const k of layers.keys()) {
        value = x.add(x.matmul(value, parameter(`weight${k}`)), parameter(`bias${k}`));
        if (k < layers.length - 1) value = x.apply("Relu", value);
      }
      return x.mean(squaredError(x, value, x.gather(input("y"), input("rows"))));
    },
    optimizer: adamW(),
  });
  const take = async (steps) => {
    const rows = BigInt64Array.from({ length: steps * BATCH }, () => BigInt(random.integer(ROWS)));
    const start = process.cpuUsage();
    for (let done = 0; done < steps; done += 30) {
      const part = rows.subarray(done * BATCH, Math.min(steps, done + 30) * BATCH);
      await training.run(new Float32Array(part.length / BATCH).fill(1e-3), { rows: part });
    }
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000 / steps;
  };
  await take(20);
  const milliseconds = await take(STEPS);
  await training.close();
  return milliseconds;
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

prepare();
for (const widths of NETWORKS) {
  const [own, peer] = [[], []];
  for (let pair = 0; pair < PAIRS; pair++) {
    own.push(await stepMilliseconds(widths));
    const answer = execFileSync(python, [join(here, "peers.py"), STEPS, BATCH, ...widths].map(String));
    peer.push(Number(answer));
  }
  const [ours, theirs] = [median(own), median(peer)];
  const figures = `${ours.toFixed(2)} ms a step, PyTorch ${theirs.toFixed(2)} ms, ratio ${(ours / theirs).toFixed(2)}`;
  console.log(`${widths.join("-").padEnd(20)} ${figures}`);
}
