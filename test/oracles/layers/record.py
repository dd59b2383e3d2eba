"""Records what PyTorch makes of each layer: outputs, and gradients of sum(output * cosine) in every input and parameter.

Names and layouts of parameters are those of src/capabilities/trainers/neural/layers: linear weights are [in, out].
Run: python record.py > layers.json   (torch 2.15, CPU, float64 inside)
"""

import json
import math
import sys

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
cases = {}


def listed(tensor):
    return {
        "shape": list(tensor.shape),
        "values": [float(f"{value:.8g}") for value in tensor.detach().double().flatten().tolist()],
    }


def cosines(tensor):
    return torch.cos(torch.arange(tensor.numel())).reshape(tensor.shape)


def record(name, inputs, parameters, run, constants=None, statistics=None, after=None):
    """`run(inputs, parameters)` gives the output; `constants` (masks, ids) get no gradient."""
    inputs = {key: value.detach().float().double().requires_grad_() for key, value in inputs.items()}
    parameters = {key: value.detach().float().double().requires_grad_() for key, value in parameters.items()}
    output = run(inputs, parameters)
    (output * cosines(output)).sum().backward()
    gradients = {key: listed(value.grad) for key, value in {**inputs, **parameters}.items()}
    cases[name] = {
        "inputs": {key: listed(value) for key, value in inputs.items()},
        "constants": {key: listed(value) for key, value in (constants or {}).items()},
        "parameters": {key: listed(value) for key, value in parameters.items()},
        "statistics": {key: listed(value) for key, value in (statistics or {}).items()},
        "output": listed(output),
        "gradients": gradients,
        "after": {key: listed(value) for key, value in (after() if after else {}).items()},
    }


def draw(*shape, scale=1.0):
    return (torch.randn(*shape) * scale).float().double()


def linear(parameters, name, value):
    made = value @ parameters[f"{name}.weight"]
    bias = parameters.get(f"{name}.bias")
    return made if bias is None else made + bias


def linear_parameters(name, inputs, outputs, bias=True):
    made = {f"{name}.weight": draw(inputs, outputs, scale=0.5)}
    if bias:
        made[f"{name}.bias"] = draw(outputs, scale=0.5)
    return made


def load(module, values):
    """Puts differentiable values in the place of a module's parameters."""
    return lambda *args, **kwargs: torch.func.functional_call(module, values, args, kwargs)


# Activations
for name, function in {
    "relu": F.relu,
    "relu6": F.relu6,
    "selu": F.selu,
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu-tanh": lambda v: F.gelu(v, approximate="tanh"),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}.items():
    record(f"activation {name}", {"value": draw(3, 7, scale=3)}, {}, lambda i, p, f=function: f(i["value"]))

# Dense
record(
    "dense",
    {"value": draw(2, 3, 4)},
    {"weight": draw(4, 5), "bias": draw(5)},
    lambda i, p: F.linear(i["value"], p["weight"].T, p["bias"]),
)
record(
    "member dense",
    {"value": draw(3, 4)},
    {"weight": draw(2, 4, 5), "bias": draw(2, 1, 5)},
    lambda i, p: torch.stack([i["value"] @ p["weight"][m] + p["bias"][m] for m in range(2)]),
)
record(
    "batch ensemble dense",
    {"value": draw(3, 4)},
    {
        "weight": draw(4, 5),
        "bias": draw(2, 1, 5),
        "input-scale": draw(2, 1, 4),
        "output-scale": draw(2, 1, 5),
    },
    lambda i, p: torch.stack(
        [
            (i["value"] @ (p["weight"] * torch.outer(p["input-scale"][m, 0], p["output-scale"][m, 0])))
            + p["bias"][m]
            for m in range(2)
        ]
    ),
)
record(
    "lora dense",
    {"value": draw(3, 4)},
    {"weight": draw(4, 5), "bias": draw(5), "lora.down": draw(4, 2), "lora.up": draw(2, 5)},
    lambda i, p: i["value"] @ (p["weight"] + 1.5 * p["lora.down"] @ p["lora.up"]) + p["bias"],
)

# Norms
record(
    "layer norm",
    {"value": draw(2, 3, 6)},
    {"scale": draw(6), "bias": draw(6)},
    lambda i, p: F.layer_norm(i["value"], [6], p["scale"], p["bias"]),
)
record(
    "rms norm",
    {"value": draw(2, 3, 6)},
    {"scale": draw(6)},
    lambda i, p: F.rms_norm(i["value"], [6], p["scale"], eps=1e-5),
)
record(
    "group norm",
    {"value": draw(2, 6, 2, 3)},
    {"scale": draw(6), "bias": draw(6)},
    lambda i, p: F.group_norm(i["value"], 3, p["scale"], p["bias"]),
)
for name, shape in {"batch norm": (3, 4, 2, 3), "batch norm of rows": (5, 4)}.items():
    start = {"mean": draw(4), "variance": draw(4).abs() + 0.5}
    running = {key: value.clone() for key, value in start.items()}
    record(
        name,
        {"value": draw(*shape)},
        {"scale": draw(4), "bias": draw(4)},
        lambda i, p: F.batch_norm(
            i["value"], running["mean"], running["variance"], p["scale"], p["bias"], training=True
        ),
        statistics=start,
        after=lambda: running,
    )
record(
    "batch norm at inference",
    {"value": draw(3, 4, 2, 3)},
    {"scale": draw(4), "bias": draw(4)},
    lambda i, p: F.batch_norm(i["value"], start["mean"], start["variance"], p["scale"], p["bias"]),
    statistics=start,
)

# Convolutions
record(
    "convolution",
    {"value": draw(2, 4, 7, 6)},
    {"weight": draw(6, 2, 3, 3), "bias": draw(6)},
    lambda i, p: F.conv2d(i["value"], p["weight"], p["bias"], stride=2, padding=1, groups=2),
)
record(
    "dilated convolution over time",
    {"value": draw(2, 3, 9)},
    {"weight": draw(4, 3, 3), "bias": draw(4)},
    lambda i, p: F.conv1d(i["value"], p["weight"], p["bias"], padding=2, dilation=2),
)
record(
    "separable convolution",
    {"value": draw(2, 3, 5, 5)},
    {"depthwise.weight": draw(3, 1, 3, 3), "pointwise.weight": draw(4, 3, 1, 1), "pointwise.bias": draw(4)},
    lambda i, p: F.conv2d(
        F.conv2d(i["value"], p["depthwise.weight"], padding=1, stride=2, groups=3),
        p["pointwise.weight"],
        p["pointwise.bias"],
    ),
)

# Embeddings and positions
ids = torch.tensor([[0, 3, 3], [5, 1, 0]])
record(
    "embedding",
    {},
    {"weight": draw(6, 4)},
    lambda i, p: F.embedding(ids, p["weight"]),
    constants={"ids": ids},
)
record(
    "learned positions",
    {"value": draw(2, 3, 4)},
    {"weight": draw(5, 4)},
    lambda i, p: i["value"] + p["weight"][:3],
)


def sinusoids(length, width):
    place = torch.arange(length).unsqueeze(1)
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    table = torch.zeros(length, width)
    table[:, 0::2] = torch.sin(place * rate)
    table[:, 1::2] = torch.cos(place * rate)
    return table


record("sinusoidal positions", {"value": draw(2, 5, 6)}, {}, lambda i, p: i["value"] + sinusoids(5, 6))


def rotate(value, base):
    """As transformers' apply_rotary_pos_emb: value * cos + rotate_half(value) * sin."""
    length, width = value.shape[-2:]
    rates = 1.0 / (base ** (torch.arange(0, width, 2) / width))
    angles = torch.outer(torch.arange(length).double(), rates)
    angles = torch.cat([angles, angles], dim=-1)
    turned = torch.cat([-value[..., width // 2 :], value[..., : width // 2]], dim=-1)
    return value * angles.cos() + turned * angles.sin()


record("rotary positions", {"value": draw(2, 2, 5, 6)}, {}, lambda i, p: rotate(i["value"], 100.0))

# Pooling
mask = torch.tensor([[1.0, 1, 1, 0], [1, 0, 0, 0]])
record(
    "mean over time",
    {"value": draw(2, 4, 3)},
    {},
    lambda i, p: torch.stack([i["value"][0, :3].mean(0), i["value"][1, :1].mean(0)]),
    constants={"mask": mask},
)
record(
    "maximum over time",
    {"value": draw(2, 4, 3)},
    {},
    lambda i, p: torch.stack([i["value"][0, :3].amax(0), i["value"][1, :1].amax(0)]),
    constants={"mask": mask},
)
record("first place", {"value": draw(2, 4, 3)}, {}, lambda i, p: i["value"][:, 0])


def attention_pool(i, p):
    scores = torch.tanh(linear(p, "hidden", i["value"])) @ p["score.weight"]
    scores = scores.squeeze(-1).masked_fill(mask == 0, -math.inf)
    return torch.einsum("nt,ntw->nw", scores.softmax(-1), i["value"])


record(
    "attention over time",
    {"value": draw(2, 4, 3)},
    {**linear_parameters("hidden", 3, 3), "score.weight": draw(3, 1)},
    attention_pool,
    constants={"mask": mask},
)
record("mean of channels", {"value": draw(2, 3, 4, 5)}, {}, lambda i, p: F.adaptive_avg_pool2d(i["value"], 1)[..., 0, 0])
record(
    "maximum of windows",
    {"value": draw(2, 3, 6, 5)},
    {},
    lambda i, p: F.max_pool2d(i["value"], 3, stride=2, padding=1),
)

# Recurrent layers
for cell, gates in {"lstm": 4, "gru": 3}.items():
    for masked in (False, True):
        module = (nn.LSTM if cell == "lstm" else nn.GRU)(3, 4, batch_first=True, bidirectional=True)
        lengths = torch.tensor([3, 1]) if masked else torch.tensor([4, 4])
        start = {}
        for place, suffix in (("forward", ""), ("backward", "_reverse")):
            start[f"{place}.input-weight"] = draw(3, gates * 4, scale=0.6)
            start[f"{place}.hidden-weight"] = draw(4, gates * 4, scale=0.6)
            if cell == "lstm":
                start[f"{place}.bias"] = draw(gates * 4, scale=0.6)
            else:
                start[f"{place}.input-bias"] = draw(gates * 4, scale=0.6)
                start[f"{place}.hidden-bias"] = draw(gates * 4, scale=0.6)

        def run(i, p, cell=cell, module=module, lengths=lengths):
            values = {}
            for place, suffix in (("forward", ""), ("backward", "_reverse")):
                values[f"weight_ih_l0{suffix}"] = p[f"{place}.input-weight"].T
                values[f"weight_hh_l0{suffix}"] = p[f"{place}.hidden-weight"].T
                if cell == "lstm":
                    values[f"bias_ih_l0{suffix}"] = p[f"{place}.bias"]
                    values[f"bias_hh_l0{suffix}"] = torch.zeros_like(p[f"{place}.bias"])
                else:
                    values[f"bias_ih_l0{suffix}"] = p[f"{place}.input-bias"]
                    values[f"bias_hh_l0{suffix}"] = p[f"{place}.hidden-bias"]
            packed = nn.utils.rnn.pack_padded_sequence(i["value"], lengths, batch_first=True)
            states, last = load(module, values)(packed)
            states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=4)
            last = last[0] if cell == "lstm" else last
            return torch.cat([states.flatten(1), last[0], last[1]], dim=1)

        record(
            f"bidirectional {cell}{' with lengths' if masked else ''}",
            {"value": draw(2, 4, 3)},
            start,
            run,
            constants={"mask": mask} if masked else {},
        )

# Attention and transformers
WIDTH, HEADS, HIDDEN = 8, 2, 12
PROJECTIONS = ("query", "key", "value", "output")


def attention_parameters(name, key_width=WIDTH):
    made = {}
    for part in PROJECTIONS:
        outputs = key_width if part in ("key", "value") else WIDTH
        made.update(linear_parameters(f"{name}.{part}" if name else part, WIDTH, outputs))
    return made


def torch_attention(p, name):
    """The parameters of nn.MultiheadAttention from ours."""
    weight = torch.cat([p[f"{name}{part}.weight"].T for part in PROJECTIONS[:3]])
    bias = torch.cat([p[f"{name}{part}.bias"] for part in PROJECTIONS[:3]])
    return {
        "in_proj_weight": weight,
        "in_proj_bias": bias,
        "out_proj.weight": p[f"{name}output.weight"].T,
        "out_proj.bias": p[f"{name}output.bias"],
    }


def multi_head(i, p, **options):
    module = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    return load(module, torch_attention(p, ""))(
        i["value"], i.get("memory", i["value"]), i.get("memory", i["value"]), need_weights=False, **options
    )[0]


record("attention", {"value": draw(2, 4, WIDTH)}, attention_parameters(""), multi_head)
record(
    "masked attention",
    {"value": draw(2, 4, WIDTH)},
    attention_parameters(""),
    lambda i, p: multi_head(i, p, key_padding_mask=mask == 0),
    constants={"mask": mask},
)
record(
    "causal attention",
    {"value": draw(2, 4, WIDTH)},
    attention_parameters(""),
    lambda i, p: multi_head(i, p, attn_mask=torch.triu(torch.ones(4, 4), 1).bool()),
)
record(
    "attention to a memory",
    {"value": draw(2, 3, WIDTH), "memory": draw(2, 4, WIDTH)},
    attention_parameters(""),
    lambda i, p: multi_head(i, p, key_padding_mask=mask == 0),
    constants={"mask": mask},
)


def grouped_query(i, p):
    def heads(name, count):
        return linear(p, name, i["value"]).reshape(2, 5, count, 4).transpose(1, 2)

    query, key = rotate(heads("query", 4), 10000.0), rotate(heads("key", 2), 10000.0)
    made = F.scaled_dot_product_attention(query, key, heads("value", 2), is_causal=True, enable_gqa=True)
    return linear(p, "output", made.transpose(1, 2).reshape(2, 5, 16))


record(
    "grouped query attention",
    {"value": draw(2, 5, WIDTH)},
    {
        **linear_parameters("query", WIDTH, 16, False),
        **linear_parameters("key", WIDTH, 8, False),
        **linear_parameters("value", WIDTH, 8, False),
        **linear_parameters("output", 16, WIDTH, False),
    },
    grouped_query,
)


def block_parameters(parts):
    made = {}
    for part in parts:
        made[f"{part}-norm.scale"] = draw(WIDTH)
        made[f"{part}-norm.bias"] = draw(WIDTH)
        if part != "feed-forward":
            made.update(attention_parameters(part))
    made.update(linear_parameters("feed-forward.hidden", WIDTH, HIDDEN))
    made.update(linear_parameters("feed-forward.output", HIDDEN, WIDTH))
    return made


def torch_block(p, parts):
    """The parameters of nn.TransformerEncoderLayer or -DecoderLayer from ours."""
    names = {"attention": "self_attn", "memory-attention": "multihead_attn"}
    values = {}
    for index, part in enumerate(parts):
        values[f"norm{index + 1}.weight"] = p[f"{part}-norm.scale"]
        values[f"norm{index + 1}.bias"] = p[f"{part}-norm.bias"]
        if part in names:
            for key, value in torch_attention(p, f"{part}.").items():
                values[f"{names[part]}.{key}"] = value
    for index, part in enumerate(("hidden", "output")):
        values[f"linear{index + 1}.weight"] = p[f"feed-forward.{part}.weight"].T
        values[f"linear{index + 1}.bias"] = p[f"feed-forward.{part}.bias"]
    return values


for norm in ("pre", "post"):
    options = dict(dropout=0.0, batch_first=True, norm_first=norm == "pre", activation="gelu")
    encoder_parts = ("attention", "feed-forward")
    record(
        f"encoder block, {norm}",
        {"value": draw(2, 4, WIDTH)},
        block_parameters(encoder_parts),
        lambda i, p, o=options, parts=encoder_parts: load(
            nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, **o), torch_block(p, parts)
        )(i["value"], src_key_padding_mask=mask == 0),
        constants={"mask": mask},
    )
    decoder_parts = ("attention", "memory-attention", "feed-forward")
    record(
        f"decoder block, {norm}",
        {"value": draw(2, 3, WIDTH), "memory": draw(2, 4, WIDTH)},
        block_parameters(decoder_parts),
        lambda i, p, o=options, parts=decoder_parts: load(
            nn.TransformerDecoderLayer(WIDTH, HEADS, HIDDEN, **o), torch_block(p, parts)
        )(
            i["value"],
            i["memory"],
            tgt_mask=torch.triu(torch.ones(3, 3), 1).bool(),
            memory_key_padding_mask=mask == 0,
        ),
        constants={"mask": mask},
    )


def llama_block(i, p):
    """Pre-norm by mean squares, causal attention with rotary positions, SwiGLU; no biases."""
    value = i["value"]
    normed = F.rms_norm(value, [WIDTH], p["attention-norm.scale"], eps=1e-6)

    def heads(name):
        return linear(p, f"attention.{name}", normed).reshape(2, 4, HEADS, 4).transpose(1, 2)

    query, key = rotate(heads("query"), 10000.0), rotate(heads("key"), 10000.0)
    made = F.scaled_dot_product_attention(query, key, heads("value"), is_causal=True)
    value = value + linear(p, "attention.output", made.transpose(1, 2).reshape(2, 4, WIDTH))
    normed = F.rms_norm(value, [WIDTH], p["feed-forward-norm.scale"], eps=1e-6)
    hidden = F.silu(linear(p, "feed-forward.gate", normed)) * linear(p, "feed-forward.hidden", normed)
    return value + linear(p, "feed-forward.output", hidden)


record(
    "llama block",
    {"value": draw(2, 4, WIDTH)},
    {
        "attention-norm.scale": draw(WIDTH),
        "feed-forward-norm.scale": draw(WIDTH),
        **{
            key: value
            for part in PROJECTIONS
            for key, value in linear_parameters(f"attention.{part}", WIDTH, WIDTH, False).items()
        },
        **linear_parameters("feed-forward.hidden", WIDTH, HIDDEN, False),
        **linear_parameters("feed-forward.gate", WIDTH, HIDDEN, False),
        **linear_parameters("feed-forward.output", HIDDEN, WIDTH, False),
    },
    llama_block,
)

# Residual blocks of pictures, batch norm in training


def conv_parameters(name, inputs, outputs, size):
    return {
        f"{name}.convolution.weight": draw(outputs, inputs, size, size, scale=0.5),
        f"{name}.norm.scale": draw(outputs),
        f"{name}.norm.bias": draw(outputs),
    }


def conv(p, name, value, size, stride=1, groups=1):
    made = F.conv2d(value, p[f"{name}.convolution.weight"], stride=stride, padding=size // 2, groups=groups)
    return F.batch_norm(made, None, None, p[f"{name}.norm.scale"], p[f"{name}.norm.bias"], training=True)


def residual(i, p):
    made = conv(p, "second", F.relu(conv(p, "first", i["value"], 3, 2)), 3)
    return F.relu(made + conv(p, "shortcut", i["value"], 1, 2))


def bottleneck(i, p):
    made = F.relu(conv(p, "second", F.relu(conv(p, "first", i["value"], 1)), 3))
    return F.relu(conv(p, "third", made, 1) + i["value"])


def inverted(i, p):
    wide = F.relu6(conv(p, "expand", i["value"], 1))
    filtered = F.relu6(conv(p, "depthwise", wide, 3, 1, 6))
    return conv(p, "project", filtered, 1) + i["value"]


record(
    "residual block",
    {"value": draw(2, 3, 6, 6)},
    {
        **conv_parameters("first", 3, 4, 3),
        **conv_parameters("second", 4, 4, 3),
        **conv_parameters("shortcut", 3, 4, 1),
    },
    residual,
)
record(
    "bottleneck block",
    {"value": draw(2, 8, 4, 4)},
    {
        **conv_parameters("first", 8, 2, 1),
        **conv_parameters("second", 2, 2, 3),
        **conv_parameters("third", 2, 8, 1),
    },
    bottleneck,
)
record(
    "inverted residual",
    {"value": draw(2, 3, 4, 4)},
    {
        **conv_parameters("expand", 3, 6, 1),
        **conv_parameters("depthwise", 1, 6, 3),
        **conv_parameters("project", 6, 3, 1),
    },
    inverted,
)



def gru_reset_before(i, p):
    """One direction of Cho et al. (2014): the reset gate scales the state before its product. Gates r, z, n."""
    state, states = torch.zeros(2, 4, dtype=torch.float64), []
    for step in range(4):
        entering = (i["value"][:, step] @ p["input-weight"] + p["input-bias"]).split(4, 1)
        weights, biases = p["hidden-weight"].split(4, 1), p["hidden-bias"].split(4)
        reset, update = (torch.sigmoid(entering[k] + state @ weights[k] + biases[k]) for k in (0, 1))
        fresh = torch.tanh(entering[2] + (reset * state) @ weights[2] + biases[2])
        state = (1 - update) * fresh + update * state
        states.append(state)
    return torch.cat([torch.stack(states, 1).flatten(1), state], 1)


record(
    "gru, reset before",
    {"value": draw(2, 4, 3)},
    {
        "input-weight": draw(3, 12, scale=0.6),
        "hidden-weight": draw(4, 12, scale=0.6),
        "input-bias": draw(12, scale=0.6),
        "hidden-bias": draw(12, scale=0.6),
    },
    gru_reset_before,
)

json.dump({"torch": torch.__version__, "cases": cases}, sys.stdout, separators=(",", ":"))
