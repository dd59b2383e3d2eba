"""Records Grad-CAM maps (Selvaraju et al., 2017) of two small networks with random weights, computed by PyTorch's autograd.

python test/oracles/grad-cam/record.py   (torch 2.15, timm 1.0.31)
"""

import json
import pathlib

import torch
from timm.models.resnet import BasicBlock, ResNet
from torch import nn

HERE = pathlib.Path(__file__).parent
SIDE, CLASSES = 96, 4


class Plain(nn.Module):
    """Pooled, then side by side."""

    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(8 * (SIDE // 8) ** 2, CLASSES)

    def forward_features(self, picture):
        return self.body(picture)

    def forward_head(self, features):
        return self.head(features.flatten(1))


class Answering(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, picture):
        return self.network.forward_head(self.network.forward_features(picture)).softmax(1)


def grad_cam(network, picture, chosen):
    features = network.forward_features(picture).detach().requires_grad_()
    network.forward_head(features)[0, chosen].backward()
    weights = features.grad.mean((2, 3), keepdim=True)
    return (weights * features).sum(1).relu()[0].detach()


def randomized(network):
    with torch.no_grad():
        for name, value in [*network.named_parameters(), *network.named_buffers()]:
            if name.endswith("running_var"):
                value.uniform_(0.5, 1.5)
            elif value.dtype == torch.float32:
                value.normal_(0, 0.3)
    return network.eval()


torch.manual_seed(2)
# Sines of the index, which a test can make again.
picture = torch.sin(0.37 * torch.arange(3 * SIDE * SIDE, dtype=torch.float64) ** 1.5).float().reshape(1, 3, SIDE, SIDE)
round6 = lambda tensor: [round(x, 6) for x in tensor.flatten().tolist()]
resnet = ResNet(BasicBlock, (1, 1, 1, 1), num_classes=CLASSES, channels=(4, 8, 8, 16), stem_width=4)
expected = {"side": SIDE, "networks": {}}
for name, network in {"plain": Plain(), "resnet": resnet}.items():
    network = randomized(network)
    torch.onnx.export(
        Answering(network).eval(),
        (picture,),
        HERE / f"{name}.onnx",
        dynamo=False,
        input_names=["picture"],
        output_names=["probabilities"],
        dynamic_axes={"picture": {0: "rows"}},
        opset_version=17,
    )
    maps = [grad_cam(network, picture, chosen) for chosen in range(CLASSES)]
    expected["networks"][name] = {"shape": list(maps[0].shape), "maps": [round6(one) for one in maps]}
    print(name, maps[0].shape, [float(one.max()) for one in maps])
(HERE / "expected.json").write_text(json.dumps(expected) + "\n")
