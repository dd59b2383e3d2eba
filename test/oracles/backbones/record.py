"""Records what small image networks with random weights compute, as safetensors and as ONNX exports.

python test/oracles/backbones/record.py   (torch 2.15, torchvision 0.29, timm 1.0.31)
"""

import json
import pathlib

import timm
import torch
import torchvision
from safetensors.torch import save_file
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from timm.models.vision_transformer import VisionTransformer

HERE = pathlib.Path(__file__).parent
SIDE = 32


def randomized(model):
    """Also what would begin as 0 or 1, so that nothing is left untold."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            if name.endswith("running_var"):
                value.uniform_(0.5, 1.5)
            elif value.dtype == torch.float32:
                value.normal_(0, 0.2).add_(1 if value.ndim == 1 and "bias" not in name and "mean" not in name else 0)
    return model.eval()


def record(name, model, features, weights=True):
    model = randomized(model)
    picture = torch.randn(2, 3, SIDE, SIDE)
    with torch.no_grad():
        wanted = features(model, picture)
    if weights:
        tensors = {key: value.contiguous() for key, value in model.state_dict().items() if value.ndim > 0}
        save_file(tensors, HERE / f"{name}.safetensors")
    torch.onnx.export(
        model,
        (picture,),
        HERE / f"{name}.onnx",
        dynamo=False,
        input_names=["picture"],
        output_names=["logits"],
        dynamic_axes={"picture": {0: "rows"}},
        opset_version=17,
    )
    round6 = lambda tensor: [round(x, 6) for x in tensor.flatten().tolist()]
    return {"picture": round6(picture), "width": wanted.shape[1], "features": round6(wanted)}


def before_classifier(model, picture):
    return model.forward_head(model.forward_features(picture), pre_logits=True)


if __name__ == "__main__":
    small = dict(num_classes=5, stem_width=4, cardinality=1, base_width=64)
    channels = (4, 8, 8, 16)
    mobile = torchvision.models.MobileNetV2(
        num_classes=5, width_mult=0.1, inverted_residual_setting=[[1, 16, 1, 1], [4, 24, 2, 2]]
    )
    # The narrowest that torchvision makes has 1280 features; a tenth of them is enough here.
    mobile.features[-1][0] = torch.nn.Conv2d(mobile.features[-1][0].in_channels, 32, 1, bias=False)
    mobile.features[-1][1] = torch.nn.BatchNorm2d(32)
    mobile.classifier[1] = torch.nn.Linear(32, 5)
    out = {
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__, "timm": timm.__version__},
        "side": SIDE,
        "cases": {
            "resnet": record("resnet", ResNet(BasicBlock, (1, 2, 1, 1), channels=channels, **small), before_classifier),
            "bottleneck": record(
                "bottleneck", ResNet(Bottleneck, (1, 1, 1, 1), channels=channels, **small), before_classifier
            ),
            "transformer": record(
                "transformer",
                VisionTransformer(
                    img_size=SIDE, patch_size=8, embed_dim=16, depth=2, num_heads=1, num_classes=5, qkv_bias=True
                ),
                lambda model, picture: model.forward_features(picture)[:, 0],
            ),
            "mobilenet": record(
                "mobilenet", mobile, lambda model, picture: model.features(picture).mean((2, 3)), weights=False
            ),
        },
    }
    (HERE / "expected.json").write_text(json.dumps(out) + "\n")
