"""Records values and gradients of ops in the forms exporters write. Usage: python record-ops.py > ops.json"""
import json

import torch
import torch.nn.functional as F

torch.manual_seed(5)
torch.set_num_threads(1)
cases = []


def pack(value):
    if value is None:
        return None
    kind = {torch.int64: "int64", torch.bool: "bool"}.get(value.dtype, "float32")
    return {"shape": list(value.shape), "type": kind, "data": [round(v, 7) for v in value.detach().flatten().double().tolist()]}


def record(name, op, inputs, function, outputs=1, **attributes):
    """`function` gets the inputs; the loss is the sum of all outputs times `seeds`."""
    given = [None if v is None else v.float() if v.is_floating_point() else v for v in inputs]
    given = [None if v is None else torch.tensor(pack(v)["data"], dtype=v.dtype).reshape(v.shape) for v in given]
    free = [v.clone().requires_grad_(True) if v is not None and v.is_floating_point() else v for v in given]
    results = function(*free)
    results = [results] if isinstance(results, torch.Tensor) else list(results)[:outputs]
    seeds = [torch.randn(r.shape) for r in results]
    seeds = [torch.tensor(pack(s)["data"]).reshape(s.shape) for s in seeds]
    sum((r * s).sum() for r, s in zip(results, seeds)).backward()
    cases.append(
        {
            "name": name,
            "op": op,
            "attributes": attributes,
            "inputs": [pack(v) for v in given],
            "seeds": [pack(s) for s in seeds],
            "values": [pack(r) for r in results],
            "gradients": [
                pack(v.grad if v.grad is not None else torch.zeros_like(v))
                if v is not None and v.is_floating_point()
                else None
                for v in free
            ],
        }
    )


r = torch.randn
ints = lambda *values: {"ints": list(values)}
integer = lambda value: {"int": value}
real = lambda value: {"float": value}
text = lambda value: {"string": value}

# Convolutions
def conv(**options):
    return lambda x, w, b=None: F.conv2d(x, w, b, **options)


record("3 x 3", "Conv", [r(2, 3, 6, 5), r(4, 3, 3, 3), r(4)], conv(padding=1), pads=ints(1, 1, 1, 1))
record("strided 7 x 7", "Conv", [r(1, 3, 11, 10), r(2, 3, 7, 7)], conv(padding=3, stride=2), pads=ints(3, 3, 3, 3), strides=ints(2, 2))
record("depthwise", "Conv", [r(2, 4, 5, 5), r(4, 1, 3, 3), r(4)], conv(padding=1, groups=4, stride=2), pads=ints(1, 1, 1, 1), strides=ints(2, 2), group=integer(4))
record("pointwise", "Conv", [r(2, 4, 3, 3), r(5, 4, 1, 1), r(5)], conv())
record("dilated groups", "Conv", [r(1, 4, 7, 7), r(2, 2, 3, 3)], conv(dilation=2, padding=2, groups=2), pads=ints(2, 2, 2, 2), dilations=ints(2, 2), group=integer(2))
record("asymmetric", "Conv", [r(1, 2, 5, 6), r(3, 2, 3, 2)], lambda x, w: F.conv2d(F.pad(x, (0, 1, 1, 0)), w, stride=(1, 2)), pads=ints(1, 0, 0, 1), strides=ints(1, 2))
record("patches", "Conv", [r(1, 3, 8, 8), r(6, 3, 4, 4), r(6)], conv(stride=4), strides=ints(4, 4))
record("1 d", "Conv", [r(2, 3, 9), r(4, 3, 5), r(4)], lambda x, w, b: F.conv1d(x, w, b, padding=2), pads=ints(2, 2))
record(
    "decoder 2 x 2", "ConvTranspose", [r(2, 4, 3, 4), r(4, 3, 2, 2), r(3)],
    lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2), strides=ints(2, 2),
)
record(
    "decoder 3 x 3", "ConvTranspose", [r(1, 4, 3, 3), r(4, 2, 3, 3), r(4)],
    lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=1, groups=2),
    strides=ints(2, 2), pads=ints(1, 1, 1, 1), output_padding=ints(1, 1), group=integer(2),
)

# Poolings and resolutions
record("2 x 2", "MaxPool", [r(2, 3, 6, 4)], lambda x: F.max_pool2d(x, 2), kernel_shape=ints(2, 2), strides=ints(2, 2))
record(
    "3 x 3 overlapping", "MaxPool", [r(2, 2, 7, 7)], lambda x: F.max_pool2d(x, 3, 2, 1),
    kernel_shape=ints(3, 3), strides=ints(2, 2), pads=ints(1, 1, 1, 1),
)
record(
    "3 x 3 padded", "AveragePool", [r(2, 2, 7, 6)], lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
    kernel_shape=ints(3, 3), strides=ints(2, 2), pads=ints(1, 1, 1, 1),
)
record(
    "ceil", "AveragePool", [r(1, 2, 6, 7)], lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True),
    kernel_shape=ints(3, 3), strides=ints(2, 2), pads=ints(1, 1, 1, 1), ceil_mode=integer(1), count_include_pad=integer(1),
)
record("global", "GlobalAveragePool", [r(2, 3, 4, 5)], lambda x: F.adaptive_avg_pool2d(x, 1))
sizes = lambda *values: torch.tensor(values)
record(
    "nearest", "Resize", [r(1, 2, 3, 4), None, None, sizes(1, 2, 6, 8)],
    lambda x, *_: F.interpolate(x, scale_factor=2, mode="nearest"),
    mode=text("nearest"), coordinate_transformation_mode=text("asymmetric"), nearest_mode=text("floor"),
)
record(
    "bilinear", "Resize", [r(1, 2, 3, 4), None, None, sizes(1, 2, 7, 6)],
    lambda x, *_: F.interpolate(x, size=(7, 6), mode="bilinear"),
    mode=text("linear"), coordinate_transformation_mode=text("pytorch_half_pixel"),
)
record(
    "bilinear corners", "Resize", [r(1, 2, 3, 4), None, None, sizes(1, 2, 6, 8)],
    lambda x, *_: F.interpolate(x, size=(6, 8), mode="bilinear", align_corners=True),
    mode=text("linear"), coordinate_transformation_mode=text("align_corners"),
)
record(
    "bicubic", "Resize", [r(1, 1, 4, 4), None, None, sizes(1, 1, 7, 9)],
    lambda x, *_: F.interpolate(x, size=(7, 9), mode="bicubic"),
    mode=text("cubic"), coordinate_transformation_mode=text("pytorch_half_pixel"), cubic_coeff_a=real(-0.75),
)
record("shuffle", "DepthToSpace", [r(2, 8, 2, 3)], lambda x: F.pixel_shuffle(x, 2), blocksize=integer(2), mode=text("CRD"))
record("reflect", "Pad", [r(1, 2, 4, 3), sizes(0, 0, 2, 1, 0, 0, 1, 2)], lambda x, _: F.pad(x, (1, 2, 2, 1), mode="reflect"), mode=text("reflect"))
record("replicate", "Pad", [r(1, 2, 4, 3), sizes(0, 0, 2, 1, 0, 0, 1, 2)], lambda x, _: F.pad(x, (1, 2, 2, 1), mode="replicate"), mode=text("edge"))

# Normalisations
record("rows", "LayerNormalization", [r(2, 3, 8), r(8), r(8)], lambda x, w, b: F.layer_norm(x, (8,), w, b, 1e-5), axis=integer(-1), epsilon=real(1e-5))
record("channels", "GroupNormalization", [r(2, 6, 3, 2), r(6), r(6)], lambda x, w, b: F.group_norm(x, 3, w, b), num_groups=integer(3))
record("planes", "InstanceNormalization", [r(2, 3, 4, 3), r(3), r(3)], lambda x, w, b: F.instance_norm(x, weight=w, bias=b))
record(
    "frozen", "BatchNormalization", [r(3, 4, 2, 2), r(4), r(4), r(4), torch.rand(4) + 0.5],
    lambda x, w, b, m, v: (x - m[:, None, None]) / torch.sqrt(v[:, None, None] + 1e-5) * w[:, None, None] + b[:, None, None],
)
record("Llama", "RMSNormalization", [r(2, 3, 8), r(8)], lambda x, w: F.rms_norm(x, (8,), w, 1e-6), epsilon=real(1e-6))

# Activations
for op, function in {
    "Gelu": F.gelu, "Mish": F.mish, "HardSwish": F.hardswish, "Softplus": F.softplus, "Elu": F.elu, "Selu": F.selu,
    "Celu": F.celu, "Softsign": F.softsign, "Erf": torch.erf, "Tanh": torch.tanh, "Sigmoid": torch.sigmoid, "Relu": F.relu,
}.items():
    record("rule", op, [r(4, 5) * 2], function)
record("tanh", "Gelu", [r(4, 5) * 2], lambda x: F.gelu(x, approximate="tanh"), approximate=text("tanh"))
record("MobileNet", "HardSigmoid", [r(4, 5) * 4], F.hardsigmoid, alpha=real(1 / 6), beta=real(0.5))
record("slope", "LeakyRelu", [r(4, 5)], lambda x: F.leaky_relu(x, 0.2), alpha=real(0.2))
record("channels", "PRelu", [r(2, 3, 4), torch.rand(3, 1)], lambda x, w: F.prelu(x, w[:, 0]))
record("attention", "Softmax", [r(2, 3, 5)], lambda x: F.softmax(x, -1), axis=integer(-1))
record("classes", "LogSoftmax", [r(4, 6)], lambda x: F.log_softmax(x, 1), axis=integer(1))

# Reductions
axes = torch.tensor([1])
for op, function in {
    "ReduceL1": lambda x, _: x.norm(1, 1, keepdim=True), "ReduceL2": lambda x, _: x.norm(2, 1, keepdim=True),
    "ReduceLogSumExp": lambda x, _: x.logsumexp(1, keepdim=True), "ReduceMax": lambda x, _: x.amax(1, keepdim=True),
    "ReduceProd": lambda x, _: x.prod(1, keepdim=True),
}.items():
    record("rule", op, [r(3, 4, 2), axes], function)
record("with zeros", "ReduceProd", [torch.tensor([[0.0, 2, 3], [0, 0, 4], [1, 2, 3]]), axes], lambda x, _: x.prod(1, keepdim=True))

# Products and positions
record("equation", "Einsum", [r(2, 3, 4, 5), r(2, 6, 4, 5)], lambda a, b: torch.einsum("bqhd,bkhd->bhqk", a, b), equation=text("bqhd,bkhd->bhqk"))
record("broadcast", "MatMul", [r(2, 1, 3, 4), r(5, 4, 2)], torch.matmul)
ids = torch.tensor([[1, 3, 1], [0, 1, 1]])
record("embedding", "Gather", [r(5, 4), ids], lambda w, i: F.embedding(i, w))
record("rows", "GatherND", [r(3, 4, 2), torch.tensor([[0, 1], [2, 3], [0, 1]])], lambda x, i: x[i[:, 0], i[:, 1]])
record("columns", "GatherElements", [r(2, 5), ids], lambda x, i: x.gather(1, i), axis=integer(1))
record("add", "ScatterElements", [r(2, 5), ids, r(2, 3)], lambda x, i, u: x.scatter_add(1, i, u), axis=integer(1), reduction=text("add"))
record("sampling", "GridSample", [r(2, 2, 5, 4), torch.rand(2, 3, 3, 2) * 2.4 - 1.2], lambda x, g: F.grid_sample(x, g, align_corners=False), align_corners=integer(0))
record(
    "sampling corners", "GridSample", [r(1, 2, 5, 4), torch.rand(1, 3, 3, 2) * 2.4 - 1.2],
    lambda x, g: F.grid_sample(x, g, padding_mode="border", align_corners=True),
    align_corners=integer(1), padding_mode=text("border"),
)
record(
    "grouped causal", "Attention", [r(2, 4, 5, 8), r(2, 2, 5, 8), r(2, 2, 5, 8)],
    lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), is_causal=integer(1),
)


# Recurrent layers: the gates of PyTorch in the order of ONNX
def reordered(weight, order):
    parts = weight.chunk(len(order), 0)
    return torch.cat([parts[k] for k in order])


def recurrent(module, order, cells):
    """From ONNX weights to PyTorch's."""

    def run(x, w, rec, b, lengths, *states):
        flat = []
        for d in range(w.shape[0]):
            bias = b[d].chunk(2)
            flat += [reordered(w[d], order), reordered(rec[d], order), reordered(bias[0], order), reordered(bias[1], order)]
        state = tuple(states) if cells else states[0]
        packed = x if lengths is None else torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        result = torch.func.functional_call(module, dict(zip([n for n, _ in module.named_parameters()], flat)), (packed, state))
        y, last = result
        if lengths is not None:
            y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=x.shape[0])
        y = y.reshape(y.shape[0], y.shape[1], w.shape[0], -1).transpose(1, 2)
        return (y, *last) if cells else (y, last)

    return run


def layer(name, op, gates, order, lengths=None):
    time, batch, width, hidden = 5, 3, 2, 3
    module = getattr(torch.nn, op)(width, hidden, bidirectional=True)
    states = [r(2, batch, hidden) * 0.5 for _ in range(2 if op == "LSTM" else 1)]
    scale = 0.5
    options = dict(hidden_size=integer(hidden), direction=text("bidirectional"))
    if op == "GRU":
        options["linear_before_reset"] = integer(1)
    record(
        name, op,
        [r(time, batch, width), r(2, gates * hidden, width) * scale, r(2, gates * hidden, hidden) * scale, r(2, 2 * gates * hidden) * scale, lengths, *states],
        recurrent(module, order, op == "LSTM"), outputs=3 if op == "LSTM" else 2, **options,
    )


# ONNX has input, output, forget, cell; PyTorch input, forget, cell, output. ONNX update, reset; PyTorch reset, update.
for name, lengths in (("both directions", None), ("of different lengths", torch.tensor([5, 2, 4]))):
    layer(name, "LSTM", 4, [0, 2, 3, 1], lengths)
    layer(name, "GRU", 3, [1, 0, 2], lengths)
    layer(name, "RNN", 1, [0], lengths)

print(json.dumps({"torch": torch.__version__.split("+")[0], "cases": cases}, separators=(",", ":")))
