"""Records losses and their gradients from PyTorch. Usage: python record-losses.py > losses.json"""
import itertools
import json

import torch
import torch.nn.functional as F

torch.manual_seed(11)
torch.set_num_threads(1)
cases = {}


def record(name, loss, inputs, truths):
    """Losses without reduction; gradients of their sum times `seed`."""
    free = {k: v.clone().requires_grad_(True) for k, v in inputs.items()}
    values = loss(**free, **truths)
    seed = torch.rand(values.shape) + 0.5
    (values * seed).sum().backward()
    pack = lambda v: {
        "shape": list(v.shape),
        "type": "int64" if v.dtype == torch.int64 else "float32",
        "data": v.detach().flatten().tolist(),
    }
    cases[name] = {
        "inputs": {k: pack(v) for k, v in inputs.items()},
        "truths": {k: pack(v) for k, v in truths.items()},
        "seed": pack(seed),
        "values": pack(values),
        "gradients": {k: pack(v.grad) for k, v in free.items()},
    }


logits = torch.randn(7, 4)
classes = torch.tensor([0, 3, 1, -100, 2, 2, -100])
plain = classes.clamp(min=0)
weights = torch.tensor([0.5, 2.0, 1.0, 0.25])
record("crossEntropy", lambda logits, classes: F.cross_entropy(logits, classes, reduction="none"), {"logits": logits}, {"classes": plain})
record(
    "crossEntropyIgnoring",
    lambda logits, classes: F.cross_entropy(logits, classes, reduction="none", label_smoothing=0.1, weight=weights),
    {"logits": logits},
    {"classes": classes},
)
record(
    "meanCrossEntropy",
    lambda logits, classes: F.cross_entropy(logits, classes, label_smoothing=0.2, weight=weights),
    {"logits": logits},
    {"classes": classes},
)
record(
    "meanCrossEntropyIgnoring",
    lambda logits, classes: F.cross_entropy(logits, classes),
    {"logits": logits},
    {"classes": classes},
)


def multiclass_focal(logits, classes):
    surprise = F.cross_entropy(logits, classes, reduction="none")
    return (1 - torch.exp(-surprise)) ** 2 * surprise


record("multiclassFocal", multiclass_focal, {"logits": logits}, {"classes": plain})
scores, truth = torch.randn(9) * 3, (torch.rand(9) > 0.5).float()
record(
    "binary",
    lambda scores, truth: F.binary_cross_entropy_with_logits(scores, truth, reduction="none"),
    {"scores": scores},
    {"truth": torch.rand(9)},
)
record(
    "binaryWeighted",
    lambda scores, truth: F.binary_cross_entropy_with_logits(scores, truth, reduction="none", pos_weight=torch.tensor(3.0)),
    {"scores": scores},
    {"truth": truth},
)


def focal(scores, truth, alpha=0.25, gamma=2):
    """torchvision.ops.sigmoid_focal_loss."""
    p = torch.sigmoid(scores)
    loss = F.binary_cross_entropy_with_logits(scores, truth, reduction="none")
    p_t = p * truth + (1 - p) * (1 - truth)
    return (alpha * truth + (1 - alpha) * (1 - truth)) * loss * (1 - p_t) ** gamma


record("focal", focal, {"scores": scores}, {"truth": truth})
values, target = torch.randn(6, 3), torch.randn(6, 3)
record("squaredError", lambda values, truth: F.mse_loss(values, truth, reduction="none"), {"values": values}, {"truth": target})
record("absoluteError", lambda values, truth: F.l1_loss(values, truth, reduction="none"), {"values": values}, {"truth": target})
record("huber", lambda values, truth: F.huber_loss(values, truth, reduction="none", delta=0.7), {"values": values}, {"truth": target})
at = torch.tensor([0.1, 0.5, 0.9])
record("quantile", lambda values, truth: torch.maximum(at * (truth - values), (at - 1) * (truth - values)), {"values": values}, {"truth": target})

a, p, n = torch.randn(5, 4), torch.randn(5, 4), torch.randn(5, 4)


def ranked(anchors, positives):
    """MultipleNegativesRankingLoss of sentence-transformers, with cosines times 20."""
    s = F.normalize(anchors, dim=-1) @ F.normalize(positives, dim=-1).T * 20
    return F.cross_entropy(s, torch.arange(len(s)), reduction="none")


def info_nce(left, right):
    s = F.normalize(left, dim=-1) @ F.normalize(right, dim=-1).T / 0.07
    k = torch.arange(len(s))
    return (F.cross_entropy(s, k, reduction="none") + F.cross_entropy(s.T, k, reduction="none")) / 2


def pairs(left, right, together):
    d = F.pairwise_distance(left, right)
    return (together * d**2 + (1 - together) * F.relu(2.5 - d) ** 2) / 2


record("rankedPositives", ranked, {"anchors": a, "positives": torch.cat([p, n])}, {})
record("infoNce", info_nce, {"left": a, "right": p}, {})
record(
    "triplet",
    lambda anchors, positives, negatives: F.triplet_margin_loss(anchors, positives, negatives, margin=1.5, reduction="none"),
    {"anchors": a, "positives": p, "negatives": n},
    {},
)
record("contrastivePairs", pairs, {"left": a, "right": p}, {"together": torch.tensor([1.0, 0, 0, 1, 0])})


def ctc(logits, labels, labelLengths, inputLengths):
    return F.ctc_loss(F.log_softmax(logits, -1), labels, inputLengths, labelLengths, blank=0, reduction="none")


record(
    "connectionistTemporal",
    ctc,
    {"logits": torch.randn(8, 5, 4)},
    {
        "labels": torch.tensor([[1, 2, 3], [2, 2, 1], [3, 1, 1], [1, 1, 1], [2, 3, 3]]),
        "labelLengths": torch.tensor([3, 2, 1, 3, 0]),
        "inputLengths": torch.tensor([8, 5, 1, 6, 4]),
    },
)

# A chain by enumeration of all paths: no other implementation is trusted.
N, T, K = 4, 5, 3
lengths = torch.tensor([5, 3, 1, 4])
labels = torch.randint(0, K, (N, T))


def path_score(emissions, transitions, starts, ends, path, row):
    score = starts[path[0]] + ends[path[-1]] + sum(emissions[row, t, k] for t, k in enumerate(path))
    return score + sum(transitions[i, j] for i, j in zip(path, path[1:]))


def chain(emissions, transitions, starts, ends, lengths, labels):
    result = []
    for row, length in enumerate(lengths.tolist()):
        every = [
            path_score(emissions, transitions, starts, ends, path, row)
            for path in itertools.product(range(K), repeat=length)
        ]
        own = path_score(emissions, transitions, starts, ends, labels[row, :length].tolist(), row)
        result.append(torch.logsumexp(torch.stack(every), 0) - own)
    return torch.stack(result)


chain_inputs = {
    "emissions": torch.randn(N, T, K),
    "transitions": torch.randn(K, K),
    "starts": torch.randn(K),
    "ends": torch.randn(K),
}
record("chainLoss", chain, chain_inputs, {"lengths": lengths, "labels": labels})
best = []
for row, length in enumerate(lengths.tolist()):
    paths = list(itertools.product(range(K), repeat=length))
    best.append(list(max(paths, key=lambda path: path_score(**chain_inputs, path=path, row=row).item())))
cases["chainLoss"]["decoded"] = best



def ordered(left, right, scores):
    s = 20 * F.cosine_similarity(left, right)
    differences = (s[:, None] - s[None, :])[scores[:, None] < scores[None, :]]
    return torch.logsumexp(torch.cat([torch.zeros(1), differences]), 0)


def ranked_without(anchors, positives, excluded):
    s = 20 * F.normalize(anchors, dim=-1) @ F.normalize(positives, dim=-1).T
    return F.cross_entropy(s.masked_fill(excluded > 0, -torch.inf), torch.arange(len(anchors)), reduction="none")


record("orderedPairs", ordered, {"left": a, "right": p}, {"scores": torch.tensor([0.2, 1.0, 1.0, 0.0, 0.5])})
excluded = torch.zeros(5, 5)
excluded[0, 3] = excluded[3, 0] = excluded[2, 1] = 1
record("rankedWithout", ranked_without, {"anchors": a, "positives": p}, {"excluded": excluded})

print(json.dumps({"torch": torch.__version__.split("+")[0], "cases": cases}))
