"""A network with the head of YOLOv8 (Jocher et al., 2023) and random weights, exported by PyTorch, and the boxes that remain of its proposals.

The head is written out from its description: for each stride four distances to the sides as distributions over bins (Li et al.,
2020), a probability for each class, centres and sizes in pixels. Suppression is torchvision's. pip install torch torchvision onnx
"""

import json
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import nn

HERE = Path(__file__).parent
SIDE, CLASSES, BINS, STRIDES = 64, 3, 8, (8, 16)
LEAST_SCORE, OVERLAP, LIMIT = 0.3, 0.5, 20


def block(inputs, outputs, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs), nn.SiLU())


class Head(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.sides = nn.Sequential(block(channels, 16), nn.Conv2d(16, 4 * BINS, 1))
        self.scores = nn.Sequential(block(channels, 16), nn.Conv2d(16, CLASSES, 1))


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(block(3, 8, 2), block(8, 12, 2), block(12, 16, 2))
        self.deep = block(16, 24, 2)
        self.heads = nn.ModuleList([Head(16), Head(24)])

    def forward(self, images):
        fine = self.stem(images)
        boxes, scores = [], []
        for head, value, stride in zip(self.heads, (fine, self.deep(fine)), STRIDES):
            places = SIDE // stride
            bins = head.sides(value).reshape(-1, 4, BINS, places * places).softmax(2)
            distances = (bins * torch.arange(BINS, dtype=torch.float32).reshape(1, 1, BINS, 1)).sum(2)
            at = torch.arange(places, dtype=torch.float32) + 0.5
            centres = torch.stack([at.repeat(places), at.repeat_interleave(places)])[None]
            low, high = centres - distances[:, :2], centres + distances[:, 2:]
            boxes.append(torch.cat([(low + high) / 2, high - low], 1) * stride)
            scores.append(head.scores(value).reshape(-1, CLASSES, places * places).sigmoid())
        return torch.cat([torch.cat(boxes, 2), torch.cat(scores, 2)], 1)


def chosen(proposals):
    """The boxes of one picture, surest first: label, score, corners in pixels."""
    scores, labels = proposals[4:].max(0)
    keep = scores > LEAST_SCORE
    centre, size = proposals[:2, keep].T, proposals[2:4, keep].T
    corners = torch.cat([centre - size / 2, centre + size / 2], 1)
    order = torchvision.ops.batched_nms(corners, scores[keep], labels[keep], OVERLAP)[:LIMIT]
    return [
        {"label": int(labels[keep][k]), "score": float(scores[keep][k]), "corners": corners[k].tolist()}
        for k in order
    ]


def pictures():
    """Patches of 8 x 8 pixels: 13 * column + 29 * row + 71 * channel + 97 * picture, to the square, modulo 251."""
    k, y, x, c = np.meshgrid(np.arange(2), np.arange(SIDE) // 8, np.arange(SIDE) // 8, np.arange(3), indexing="ij")
    return ((13 * x + 29 * y + 71 * c + 97 * k) ** 2 % 251).astype(np.uint8)


torch.manual_seed(4)
model = Detector()
model.train()
images = torch.tensor(pictures().transpose(0, 3, 1, 2) / 255, dtype=torch.float32)
with torch.no_grad():
    for _ in range(50):
        model(images)
    for head in model.heads:
        head.sides[-1].weight.mul_(4)
        head.scores[-1].weight.mul_(5)
        head.scores[-1].bias.fill_(-1.0)
    model.eval()
    found = [chosen(proposals) for proposals in model(images)]
path = HERE / "head.onnx"
torch.onnx.export(
    model,
    (images,),
    path,
    input_names=["images"],
    output_names=["output0"],
    dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}},
    opset_version=17,
    dynamo=False,
)
expected = {
    "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    **{"side": SIDE, "classes": CLASSES, "leastScore": LEAST_SCORE, "overlap": OVERLAP, "limit": LIMIT},
    "pictures": found,
}
(HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
print(path.stat().st_size, [len(boxes) for boxes in found], [[b["label"] for b in boxes] for boxes in found])
