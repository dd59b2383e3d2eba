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


def layers(p):
    """The first layer learns at a quarter of the rate."""
    return [
        {"params": [p[k]], "lr": 0.02 * (0.25 if k in ("w1", "b1") else 1), "weight_decay": 0.1 if k.startswith("w") else 0.0}
        for k in p
    ]


class Lion(torch.optim.Optimizer):
    """Program 1 of Chen et al. (2023), as its authors wrote it for PyTorch."""

    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.data.mul_(1 - group["lr"] * group["weight_decay"])
                state = self.state[p]
                if len(state) == 0:
                    state["exp_avg"] = torch.zeros_like(p)
                exp_avg = state["exp_avg"]
                beta1, beta2 = group["betas"]
                update = exp_avg * beta1 + p.grad * (1 - beta1)
                p.add_(update.sign_(), alpha=-group["lr"])
                exp_avg.mul_(beta2).add_(p.grad, alpha=1 - beta2)


OPTIMIZERS = {
    "adam": (lambda p: torch.optim.Adam(groups(p), lr=0.02, weight_decay=0.1), None),
    "rmsProp": (lambda p: torch.optim.RMSprop(groups(p), lr=0.01, weight_decay=0.05), None),
    "centred rmsProp": (
        lambda p: torch.optim.RMSprop(groups(p), lr=0.002, alpha=0.9, momentum=0.9, centered=True),
        None,
    ),
    "adagrad": (lambda p: torch.optim.Adagrad(groups(p), lr=0.02, lr_decay=0.02, weight_decay=0.05), None),
    "adafactor": (lambda p: torch.optim.Adafactor(groups(p), lr=0.01, weight_decay=0.1), None),
    "lion": (lambda p: Lion(groups(p), lr=0.005, weight_decay=0.1), None),
    "layerwise adamw": (lambda p: torch.optim.AdamW(layers(p), lr=0.02, weight_decay=0.1), None),
    "adamw": (lambda p: torch.optim.AdamW(groups(p), lr=0.02, weight_decay=0.1), None),
    "clipped adamw": (lambda p: torch.optim.AdamW(groups(p), lr=0.02, weight_decay=0.1), 0.5),
    "bounded adamw": (lambda p: torch.optim.AdamW(groups(p), lr=0.02, weight_decay=0.1), (0.01,)),
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
        average = {k: torch.zeros_like(v) for k, v in p.items()}
        optimizer = make(p)
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            value = LOSSES["crossEntropy"](network(p))
            value.backward()
            if isinstance(limit, tuple):
                torch.nn.utils.clip_grad_value_(p.values(), limit[0])
            elif limit is not None:
                torch.nn.utils.clip_grad_norm_(p.values(), limit)
            optimizer.step()
            losses.append(value.item())
            for k, v in p.items():
                average[k] = 0.9 * average[k] + 0.1 * v.detach()
        result[name] = {"losses": losses, "parameters": {k: v.flatten().tolist() for k, v in p.items()}}
        if name == "momentum":
            result[name]["average"] = {k: (v / (1 - 0.9**STEPS)).flatten().tolist() for k, v in average.items()}
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
METRICS = [1.0, 0.8, 0.79999, 0.81, 0.8, 0.7, 0.71, 0.72, 0.7, 0.75, 0.69, 0.69, 0.69, 0.69, 0.69, 0.69, 0.69, 0.5]


def plateau():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = schedule.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, cooldown=1, threshold=1e-3, min_lr=0.2)
    result = []
    for metric in METRICS:
        scheduler.step(metric)
        result.append(optimizer.param_groups[0]["lr"])
    return result


print(
    json.dumps(
        {
            "torch": torch.__version__.split("+")[0],
            "x": x.flatten().tolist(),
            "classes": classes.tolist(),
            "values": values.flatten().tolist(),
            "weights": weights.tolist(),
            "metrics": METRICS,
            "shapes": {k: list(v.shape) for k, v in start.items()},
            "start": {k: v.flatten().tolist() for k, v in start.items()},
            "gradients": gradients(),
            "trainings": trainings(),
            "schedules": {
                "cosine": rates(lambda o, n: schedule.CosineAnnealingLR(o, n)),
                "step": rates(lambda o, n: schedule.StepLR(o, 6, gamma=0.5)),
                "linear": rates(lambda o, n: schedule.LinearLR(o, 1.0, 0.1, total_iters=n)),
                "exponential": rates(lambda o, n: schedule.ExponentialLR(o, 0.9)),
                "warmUp": rates(
                    lambda o, n: schedule.SequentialLR(
                        o,
                        [schedule.LinearLR(o, 1 / 6, 1.0, total_iters=5), schedule.CosineAnnealingLR(o, n - 5)],
                        milestones=[5],
                    )
                ),
                "plateau": plateau(),
                "oneCycle": rates(lambda o, n: schedule.OneCycleLR(o, 1.0, total_steps=n)),
            },
        }
    )
)
