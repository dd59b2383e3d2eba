"""Steps of one network in PyTorch (eager, fused AdamW), from the same weights and data as models.mjs.

Usage: peers.py NETWORK STEPS THREADS [--compile]; prints { times, processor, losses, peakMegabytes } as JSON.
"""
import json
import resource
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

LEARNING_RATE = 1e-4
MULTIPLIER, INCREMENT = 1664525, 1013904223


def uniforms(shape, seed, scale=1.0):
    """The generator of models.mjs, all its states at once."""
    count = int(numpy.prod(shape))
    with numpy.errstate(over="ignore"):
        powers = numpy.cumprod(numpy.full(count, MULTIPLIER, numpy.uint32), dtype=numpy.uint32)
        sums = numpy.cumsum(numpy.concatenate([[1], powers[:-1]]).astype(numpy.uint32), dtype=numpy.uint32)
        start = numpy.uint32(seed * 2654435761 % 2**32)
        states = powers * start + sums * numpy.uint32(INCREMENT)
    values = ((states >> 8) / 8388608.0 - 1) * scale
    return torch.from_numpy(values.astype(numpy.float32).reshape(shape))


class Weights:
    """Gives tensors in the order in which models.mjs adds them."""

    def __init__(self):
        self.seed = 100

    def tensor(self, *shape, scale=0.0, offset=0.0):
        values = uniforms(shape, self.seed, scale) if scale else torch.full(shape, float(offset))
        self.seed += 1
        return values

    def linear(self, inputs, outputs):
        layer = nn.Linear(inputs, outputs)
        layer.weight.data = self.tensor(inputs, outputs, scale=inputs**-0.5).T.contiguous()
        layer.bias.data = self.tensor(outputs)
        return layer

    def norm(self, width):
        layer = nn.LayerNorm(width)
        layer.weight.data, layer.bias.data = self.tensor(width, offset=1), self.tensor(width)
        return layer

    def conv(self, inputs, outputs, scale):
        layer = nn.Conv2d(inputs, outputs, 3, padding=1)
        layer.weight.data = self.tensor(outputs, inputs, 3, 3, scale=scale)
        layer.bias.data = self.tensor(outputs)
        return layer


def mlp():
    w = Weights()
    layers = [w.linear(784, 512), nn.ReLU(), w.linear(512, 512), nn.ReLU(), w.linear(512, 10)]
    return nn.Sequential(*layers), uniforms((128, 784), 7), torch.arange(128) % 10


def cnn():
    w = Weights()
    convolutions = [w.conv(1, 32, 0.33), nn.ReLU(), nn.MaxPool2d(2), w.conv(32, 64, 0.06), nn.ReLU(), nn.MaxPool2d(2)]
    layers = [*convolutions, nn.Flatten(), w.linear(3136, 128), nn.ReLU(), w.linear(128, 10)]
    return nn.Sequential(*layers), uniforms((64, 1, 28, 28), 7), torch.arange(64) % 10


BATCH, LENGTH, WIDTH, HEADS, INNER, WORDS, LAYERS = 8, 128, 384, 12, 1536, 30522, 6


class LowRank(nn.Module):
    def __init__(self, plain, down, up):
        super().__init__()
        self.plain, self.down, self.up = plain, nn.Parameter(down), nn.Parameter(up)

    def forward(self, value):
        return self.plain(value) + (value @ self.down) @ self.up * 2


class Layer(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.query, self.key, self.value, self.out = (w.linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = w.linear(WIDTH, INNER), w.linear(INNER, WIDTH)
        self.norm1, self.norm2 = w.norm(WIDTH), w.norm(WIDTH)

    def forward(self, value):
        parts = [layer(value).view(BATCH, LENGTH, HEADS, -1).transpose(1, 2) for layer in (self.query, self.key, self.value)]
        context = F.scaled_dot_product_attention(*parts).transpose(1, 2).reshape(BATCH, LENGTH, WIDTH)
        value = self.norm1(value + self.out(context))
        return self.norm2(value + self.down(F.gelu(self.up(value))))


class Encoder(nn.Module):
    def __init__(self, rank):
        super().__init__()
        w = Weights()
        self.words = nn.Parameter(w.tensor(WORDS, WIDTH, scale=0.02))
        self.positions = nn.Parameter(w.tensor(LENGTH, WIDTH, scale=0.02))
        self.norm = w.norm(WIDTH)
        self.layers = nn.ModuleList([Layer(w) for _ in range(LAYERS)])
        head = w
        if rank:
            self.requires_grad_(False)
            head = Weights()
            for layer in self.layers:
                for name in ("query", "value"):
                    down, up = head.tensor(WIDTH, rank, scale=0.05), head.tensor(rank, WIDTH, scale=0.01)
                    setattr(layer, name, LowRank(getattr(layer, name), down, up))
        self.head = head.linear(WIDTH, 2)

    def forward(self, ids):
        value = self.norm(F.embedding(ids, self.words) + self.positions)
        for layer in self.layers:
            value = layer(value)
        return self.head(value.mean(1))


def encoder(rank=0):
    ids = (torch.arange(BATCH * LENGTH) * 7919 + 13) % WORDS
    return Encoder(rank), ids.view(BATCH, LENGTH), torch.arange(BATCH) % 2


class Recurrent(nn.Module):
    def __init__(self, inputs=64, width=128):
        super().__init__()
        w = Weights()
        self.lstm = nn.LSTM(inputs, width)
        self.lstm.weight_ih_l0.data = w.tensor(inputs, 4 * width, scale=width**-0.5).T.contiguous()
        self.lstm.weight_hh_l0.data = w.tensor(width, 4 * width, scale=width**-0.5).T.contiguous()
        self.lstm.bias_ih_l0.data = w.tensor(4 * width, scale=width**-0.5)
        # One bias is enough; a second one would learn at twice the rate.
        self.lstm.bias_hh_l0.data.zero_()
        self.lstm.bias_hh_l0.requires_grad_(False)
        self.head = w.linear(width, 10)

    def forward(self, series):
        return self.head(self.lstm(series)[0][-1])


def lstm():
    return Recurrent(), uniforms((32, 32, 64), 7), torch.arange(32) % 10


def main():
    name, steps, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    networks = {"mlp": mlp, "cnn": cnn, "encoder": encoder, "lora": lambda: encoder(8), "lstm": lstm}
    network, inputs, labels = networks[name]()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE, weight_decay=0.01, fused=True)
    forward = torch.compile(network) if "--compile" in sys.argv else network
    times, processor, losses = [], [], []
    for _ in range(steps):
        start, used = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(inputs), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        times.append((time.perf_counter() - start) * 1000)
        processor.append((time.process_time() - used) * 1000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results = {"times": times, "processor": processor, "losses": losses, "peakMegabytes": peak}
    print(json.dumps({**results, "torch": torch.__version__}))


main()
