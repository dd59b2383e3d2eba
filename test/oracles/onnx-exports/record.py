"""Small networks exported by torch.onnx (2.15, both exporters), with outputs and gradients that PyTorch computes.

python record.py   writes exports.json; needs torch, onnx and onnxscript. The loss is the sum of the squares of the output.
"""
import base64
import io
import json
import os
import warnings

import onnx
import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")
WIDTH = 16


class Vision(nn.Module):
    """A small vision transformer."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, 4, 4)
        self.first = nn.Parameter(torch.randn(1, 1, WIDTH))
        self.places = nn.Parameter(torch.randn(1, 5, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, 2, 24, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, 4)

    def forward(self, x):
        y = self.patches(x).flatten(2).transpose(1, 2)
        y = torch.cat([self.first.expand(y.shape[0], -1, -1), y], 1) + self.places
        return self.head(self.encoder(y)[:, 0])


class Text(nn.Module):
    """A small BERT with mean pooling."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(30, WIDTH)
        self.places = nn.Embedding(12, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 2, 24, 0.0, "gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, 3)

    def forward(self, ids, mask):
        x = self.norm(self.words(ids) + self.places(torch.arange(ids.shape[1]).unsqueeze(0)))
        y = self.encoder(x, src_key_padding_mask=mask == 0)
        kept = mask.unsqueeze(-1).float()
        return self.head((y * kept).sum(1) / kept.sum(1).clamp(min=1e-9))


class Picture(nn.Module):
    """A residual network."""

    def __init__(self):
        super().__init__()
        def block(i, o, stride):
            return nn.Sequential(
                nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(),
                nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o),
            )
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.a, self.b = block(6, 6, 1), block(6, 8, 2)
        self.skip = nn.Conv2d(6, 8, 1, 2, bias=False)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = self.stem(x)
        x = torch.relu(x + self.a(x))
        x = torch.relu(self.skip(x) + self.b(x))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(30, 8)
        self.lstm = nn.LSTM(8, 6, 1, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(12, 5, batch_first=True)
        self.head = nn.Linear(5, 2)

    def forward(self, ids):
        return self.head(self.gru(self.lstm(self.words(ids))[0])[0][:, -1])


class Decoder(nn.Module):
    """A GPT-like layer."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(30, WIDTH)
        self.places = nn.Embedding(12, WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 30)

    def forward(self, ids):
        batch, length = ids.shape
        x = self.words(ids) + self.places(torch.arange(length))
        heads = lambda part: part.view(batch, length, 2, WIDTH // 2).transpose(1, 2)
        q, k, v = (heads(part) for part in self.qkv(self.norm(x)).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.head(x + self.out(y.transpose(1, 2).reshape(batch, length, WIDTH)))


class Segments(nn.Module):
    """A U-Net of one step."""

    def __init__(self):
        super().__init__()
        self.down, self.deep = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.up, self.last = nn.ConvTranspose2d(8, 4, 2, 2), nn.Conv2d(12, 2, 3, padding=1)

    def forward(self, x):
        a = torch.relu(self.down(x))
        b = torch.relu(self.norm(self.deep(F.max_pool2d(a, 2))))
        return self.last(torch.cat([a, self.up(b) , F.interpolate(b, scale_factor=2, mode="bilinear")[:, :4]], 1))


def exported(network, inputs, names, dynamo):
    sizes = {name: {0: "batch"} for name in names}
    buffer = io.BytesIO()
    common = {"input_names": names, "output_names": ["y"], "opset_version": 18}
    if dynamo:
        shapes = [{0: torch.export.Dim("batch")}] * len(names)
        torch.onnx.export(network, inputs, dynamo=True, dynamic_shapes=shapes, verbose=False, **common).save("/tmp/export.onnx")
        model = onnx.load("/tmp/export.onnx")
    else:
        torch.onnx.export(network, inputs, buffer, dynamo=False, dynamic_axes=sizes, **common)
        model = onnx.load_from_string(buffer.getvalue())
    # What only people read would be most of the file.
    del model.graph.value_info[:], model.metadata_props[:], model.graph.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    stored = {tensor.name: torch.tensor(onnx.numpy_helper.to_array(tensor)) for tensor in model.graph.initializer}
    return {
        "bytes": base64.b64encode(model.SerializeToString()).decode(),
        # Norms, as the gradients themselves would be large; of parameters that the exporter left as they were.
        "gradients": {
            key: float(value.grad.norm())
            for key, value in network.named_parameters()
            if key in stored and stored[key].shape == value.shape and torch.equal(stored[key], value)
        },
    }


def rounded(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


def main():
    torch.manual_seed(0)
    ids = torch.randint(0, 30, (2, 6))
    mask = torch.ones(2, 6, dtype=torch.long)
    mask[1, 4:] = 0
    networks = {
        "vision": (Vision(), (torch.randn(2, 3, 8, 8),), ["x"]),
        "text": (Text(), (ids, mask), ["ids", "mask"]),
        "picture": (Picture(), (torch.randn(2, 3, 16, 16),), ["x"]),
        "recurrent": (Recurrent(), (ids,), ["ids"]),
        "decoder": (Decoder(), (ids,), ["ids"]),
        "segments": (Segments(), (torch.randn(2, 1, 8, 8),), ["x"]),
    }
    cases = []
    for name, (network, inputs, names) in networks.items():
        network.eval()
        # Exporters store equal parameters once, which would tie them.
        for parameter in network.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)
        network.zero_grad()
        output = network(*inputs)
        (output * output).sum().backward()
        cases.append({
            "name": name,
            "models": {"traced": exported(network, inputs, names, False), "dynamo": exported(network, inputs, names, True)},
            "inputs": [
                {"name": key, "shape": list(value.shape), "type": "int64" if value.dtype == torch.long else "float32",
                 "data": value.flatten().tolist() if value.dtype == torch.long else rounded(value)}
                for key, value in zip(names, inputs)
            ],
            "output": {"shape": list(output.shape), "data": rounded(output)},
        })
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "exports.json"), "w") as file:
        json.dump({"torch": torch.__version__, "cases": cases}, file)


main()
