// The networks of the benchmark, each as parameters and a loss over `StepGraph`; peers.py holds the same in PyTorch.

/** Equal on both sides without a shared file: a linear congruential generator, uniform in [-1, 1). */
function uniforms(count, seed, scale = 1) {
  const values = new Float32Array(count);
  let state = (seed * 2654435761) % 4294967296;
  for (let k = 0; k < count; k++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[k] = ((state >>> 8) / 8388608 - 1) * scale;
  }
  return values;
}

/** Collects parameters in the order in which a network names them. */
class Parameters {
  list = [];
  #seed = 100;
  add(name, shape, scale = 0, offset = 0) {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = scale === 0 ? new Float32Array(count).fill(offset) : uniforms(count, this.#seed, scale);
    this.#seed++;
    this.list.push({ name, shape, values });
  }
  dense(name, inputs, outputs) {
    this.add(`${name}.weight`, [inputs, outputs], inputs ** -0.5);
    this.add(`${name}.bias`, [outputs]);
  }
  norm(name, width) {
    this.add(`${name}.scale`, [width], 0, 1);
    this.add(`${name}.bias`, [width]);
  }
}

const labels = (batch, classes) => ({
  type: "int64",
  shape: [batch],
  data: BigInt64Array.from({ length: batch }, (_, row) => BigInt(row % classes)),
});
const pixels = (...shape) => ({
  type: "float32",
  shape,
  data: uniforms(
    shape.reduce((product, size) => product * size, 1),
    7,
  ),
});
const gemm = (step, value, name) =>
  step.graph.op("Gemm", [value, step.parameter(`${name}.weight`), step.parameter(`${name}.bias`)]);
const relu = (step, value) => step.x.apply("Relu", value);
const meanLoss = (step, crossEntropy, logits) =>
  step.x.mean(crossEntropy(step.x, logits, step.input("labels")));

function mlp(crossEntropy, batch = 128) {
  const parameters = new Parameters();
  parameters.dense("one", 784, 512);
  parameters.dense("two", 512, 512);
  parameters.dense("three", 512, 10);
  return {
    parameters: parameters.list,
    inputs: { pixels: pixels(batch, 784), labels: labels(batch, 10) },
    loss(step) {
      const hidden = relu(step, gemm(step, relu(step, gemm(step, step.input("pixels"), "one")), "two"));
      return meanLoss(step, crossEntropy, gemm(step, hidden, "three"));
    },
  };
}

function cnn(crossEntropy, batch = 64) {
  const parameters = new Parameters();
  parameters.add("conv1.weight", [32, 1, 3, 3], 0.33);
  parameters.add("conv1.bias", [32]);
  parameters.add("conv2.weight", [64, 32, 3, 3], 0.06);
  parameters.add("conv2.bias", [64]);
  parameters.dense("one", 3136, 128);
  parameters.dense("two", 128, 10);
  const ints = (...values) => ({ ints: values });
  return {
    parameters: parameters.list,
    inputs: { pixels: pixels(batch, 1, 28, 28), labels: labels(batch, 10) },
    loss(step) {
      const block = (value, name) => {
        const inputs = [value, step.parameter(`${name}.weight`), step.parameter(`${name}.bias`)];
        const attributes = { kernel_shape: ints(3, 3), pads: ints(1, 1, 1, 1) };
        const convolved = relu(step, step.graph.op("Conv", inputs, { attributes }));
        return step.graph.op("MaxPool", [convolved], {
          attributes: { kernel_shape: ints(2, 2), strides: ints(2, 2) },
        });
      };
      const features = block(block(step.input("pixels"), "conv1"), "conv2");
      const flat = step.x.reshape(features, [batch, 3136]);
      return meanLoss(step, crossEntropy, gemm(step, relu(step, gemm(step, flat, "one")), "two"));
    },
  };
}

/** MiniLM's shape: 6 layers of width 384, 12 heads, 22.4 million parameters. */
const ENCODER = { batch: 8, length: 128, width: 384, heads: 12, inner: 1536, words: 30522, layers: 6 };

/** @param rank of the low-rank changes of queries and values; 0: all parameters are trained */
function encoder(crossEntropy, { rank = 0, ...sizes } = {}) {
  const { batch, length, width, heads, inner, words, layers } = { ...ENCODER, ...sizes };
  const [base, low] = [new Parameters(), new Parameters()];
  base.add("words", [words, width], 0.02);
  base.add("positions", [length, width], 0.02);
  base.norm("norm", width);
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ["query", "key", "value", "out"]) base.dense(`${name}${layer}`, width, width);
    base.dense(`up${layer}`, width, inner);
    base.dense(`down${layer}`, inner, width);
    base.norm(`norm1.${layer}`, width);
    base.norm(`norm2.${layer}`, width);
    for (const name of rank > 0 ? ["query", "value"] : []) {
      low.add(`${name}${layer}.down`, [width, rank], 0.05);
      low.add(`${name}${layer}.up`, [rank, width], 0.01);
    }
  }
  (rank > 0 ? low : base).dense("head", width, 2);
  const ids = BigInt64Array.from({ length: batch * length }, (_, k) => BigInt((k * 7919 + 13) % words));
  const frozen = rank > 0 ? base.list.map((one) => ({ ...one, role: "frozen" })) : [];
  return {
    parameters: [...(rank > 0 ? low.list : base.list), ...frozen],
    inputs: {
      ids: { type: "int64", shape: [batch * length], data: ids },
      labels: labels(batch, 2),
    },
    loss(step) {
      const { x, parameter } = step;
      const rows = batch * length;
      const norm = (value, name) =>
        step.graph.op("LayerNormalization", [value, parameter(`${name}.scale`), parameter(`${name}.bias`)]);
      const split = (value) =>
        x.transpose(x.reshape(value, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
      const projected = (value, name) => {
        const plain = gemm(step, value, name);
        if (rank === 0 || name.startsWith("key")) return plain;
        const narrow = x.mul(x.matmul(value, parameter(`${name}.down`)), 2);
        return x.add(plain, x.matmul(narrow, parameter(`${name}.up`)));
      };
      const embedded = x.reshape(x.gather(parameter("words"), step.input("ids")), [batch, length, width]);
      let value = norm(x.reshape(x.add(embedded, parameter("positions")), [rows, width]), "norm");
      for (let layer = 0; layer < layers; layer++) {
        const [query, key, values] = ["query", "key", "value"].map((name) =>
          split(projected(value, `${name}${layer}`)),
        );
        const scores = x.mul(x.matmul(query, x.transposeMatrices(key)), (width / heads) ** -0.5);
        const attention = step.graph.op("Softmax", [scores], { attributes: { axis: { int: -1 } } });
        const context = x.reshape(x.transpose(x.matmul(attention, values), [0, 2, 1, 3]), [rows, width]);
        value = norm(x.add(value, gemm(step, context, `out${layer}`)), `norm1.${layer}`);
        const hidden = x.apply("Gelu", gemm(step, value, `up${layer}`));
        value = norm(x.add(value, gemm(step, hidden, `down${layer}`)), `norm2.${layer}`);
      }
      const pooled = x.mean(x.reshape(value, [batch, length, width]), [1]);
      return meanLoss(step, crossEntropy, gemm(step, pooled, "head"));
    },
  };
}

/** One layer, classified by the last state. Gates in the order input, forget, cell, output, as in PyTorch. */
function lstm(crossEntropy, { batch = 32, length = 32, inputs = 64, width = 128 } = {}) {
  const parameters = new Parameters();
  parameters.add("input", [inputs, 4 * width], width ** -0.5);
  parameters.add("state", [width, 4 * width], width ** -0.5);
  parameters.add("bias", [4 * width], width ** -0.5);
  parameters.dense("head", width, 10);
  return {
    parameters: parameters.list,
    inputs: { series: pixels(length, batch, inputs), labels: labels(batch, 10) },
    loss(step) {
      const { x, parameter } = step;
      /** In ONNX's order: input, output, forget, cell. */
      const packed = (value) => {
        const parts = x.split(value, new Array(4).fill(width), value.shape.length - 1);
        const ordered = [0, 3, 1, 2].map((gate) => parts[gate]);
        return x.concat(ordered, value.shape.length - 1);
      };
      const matrix = (name) => x.unsqueeze(x.transpose(packed(parameter(name)), [1, 0]), [0]);
      const stateBias = step.graph.constant("float32", [4 * width], new Float32Array(4 * width));
      const bias = x.unsqueeze(x.concat([packed(parameter("bias")), stateBias], 0), [0]);
      const [, state] = step.graph.node(
        "LSTM",
        [step.input("series"), matrix("input"), matrix("state"), bias],
        {
          attributes: { hidden_size: { int: width } },
        },
      );
      return meanLoss(step, crossEntropy, gemm(step, x.reshape(state, [batch, width]), "head"));
    },
  };
}

export const networks = {
  mlp,
  cnn,
  encoder,
  lora: (crossEntropy) => encoder(crossEntropy, { rank: 8 }),
  lstm,
};
export const LEARNING_RATE = 1e-4;
/** Steps of one call where they run in a Loop: what training takes by default. */
export const STEPS_AT_ONCE = 32;
