"""Records gradients, losses over 50 steps and schedules from PyTorch. Usage: python record.py > pytorch.json"""
import json

import torch
import torch.nn.functional as F

torch.manual_seed(7)
torch.set_num_threads(1)
ROWS, WIDTH, HIDDEN, CLASSES, STEPS = 24, 5, 8, 3, 50
x = torch.randn(ROWS, WIDTH)
classes = torch.randint(0, CLASSES, (ROWS,))
values = torch.randn(ROWS, 1) + x[:, :1]
weights = torch.rand(ROWS) + 0.5
weights = weights / weights.mean()
start = {
    "w1": torch.randn(WIDTH, HIDDEN) * 0.5,
    "b1": torch.randn(HIDDEN) * 0.1,
    "scale": torch.rand(HIDDEN) + 0.5,
    "bias": torch.randn(HIDDEN) * 0.1,
    "w2": torch.randn(HIDDEN, CLASSES) * 0.5,
    "b2": torch.randn(CLASSES) * 0.1,
}


def network(p):
    h = F.gelu(x @ p["w1"] + p["b1"])
    h = F.layer_norm(h, (HIDDEN,), p["scale"], p["bias"])
    return h @ p["w2"] + p["b2"]


def fresh():
    return {k: v.clone().requires_grad_(True) for k, v in start.items()}


LOSSES = {
    "crossEntropy": lambda z: (F.cross_entropy(z, classes, reduction="none") * weights).mean(),
    "smoothedCrossEntropy": lambda z: F.cross_entropy(z, classes, label_smoothing=0.1),
    "binary": lambda z: F.binary_cross_entropy_with_logits(z[:, 0], (classes > 0).float()),
    "squaredError": lambda z: F.mse_loss(z[:, :1], values),
    "huber": lambda z: F.huber_loss(z[:, :1], values, delta=0.7),
}


def groups(p):
    return [
        {"params": [v for k, v in p.items() if k.startswith("w")]},
        {"params": [v for k, v in p.items() if not k.startswith("w")], "weight_decay": 0.0},
    ]


OPTIMIZERS = {
    "adamw": (lambda p: torch.optim.AdamW(groups(p), lr=0.02, weight_decay=0.1), None),
    "clipped adamw": (lambda p: torch.optim.AdamW(groups(p), lr=0.02, weight_decay=0.1), 0.5),
    "sgd": (lambda p: torch.optim.SGD(groups(p), lr=0.1), None),
    "momentum": (lambda p: torch.optim.SGD(groups(p), lr=0.05, momentum=0.9, weight_decay=0.01), None),
    "nesterov": (lambda p: torch.optim.SGD(groups(p), lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True), None),
}


def gradients():
    result = {}
    for name, loss in LOSSES.items():
        p = fresh()
        value = loss(network(p))
        value.backward()
        result[name] = {"loss": value.item(), "gradients": {k: v.grad.flatten().tolist() for k, v in p.items()}}
    return result


def trainings():
    result = {}
    for name, (make, limit) in OPTIMIZERS.items():
        p = fresh()
        optimizer = make(p)
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            value = LOSSES["crossEntropy"](network(p))
            value.backward()
            if limit is not None:
                torch.nn.utils.clip_grad_norm_(p.values(), limit)
            optimizer.step()
            losses.append(value.item())
        result[name] = {"losses": losses, "parameters": {k: v.flatten().tolist() for k, v in p.items()}}
    return result


def rates(make, steps=20):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer, steps)
    result = []
    for _ in range(steps):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return result


schedule = torch.optim.lr_scheduler
print(
    json.dumps(
        {
            "torch": torch.__version__.split("+")[0],
            "x": x.flatten().tolist(),
            "classes": classes.tolist(),
            "values": values.flatten().tolist(),
            "weights": weights.tolist(),
            "shapes": {k: list(v.shape) for k, v in start.items()},
            "start": {k: v.flatten().tolist() for k, v in start.items()},
            "gradients": gradients(),
            "trainings": trainings(),
            "schedules": {
                "cosine": rates(lambda o, n: schedule.CosineAnnealingLR(o, n)),
                "oneCycle": rates(lambda o, n: schedule.OneCycleLR(o, 1.0, total_steps=n)),
            },
        }
    )
)
