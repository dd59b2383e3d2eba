"""Records kernel ridge regressions: predictions by scikit-learn, held-out predictions by refitting without each row.

Run: python test/oracles/kernel/record_ridge.py   (scikit-learn 1.9.1, numpy 2.4)
"""
import json
from pathlib import Path

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern
from sklearn.kernel_ridge import KernelRidge

random = np.random.default_rng(5)
single = lambda a: np.asarray(a).astype(np.float32).astype(np.float64)
numbers = lambda a: [float(x) for x in np.asarray(a).ravel()]
X = single(random.normal(size=(90, 4)) * np.array([1, 2, 0.5, 1]))
query = single(random.normal(size=(20, 4)))
y = np.sin(X[:, 0]) * 2 + X[:, 2] + 0.2 * random.normal(size=90)
weights = random.uniform(0.2, 3, size=90)
squared = ((X[:, None] - X[None]) ** 2).sum(2)
median = np.sort(squared[squared > 1e-9])[(squared > 1e-9).sum() // 2]

NU = {"matern52": 2.5, "matern32": 1.5, "exponential": 0.5}


def fit(kernel, gamma, noise, x, values, w):
    if kernel == "gaussian":
        return KernelRidge(kernel="rbf", gamma=gamma, alpha=noise).fit(x, values, sample_weight=w)
    length = np.sqrt(1 / (2 * gamma))
    alpha = noise if w is None else noise / w
    return GaussianProcessRegressor(Matern(length_scale=length, nu=NU[kernel]), alpha=alpha, optimizer=None).fit(x, values)


cases = []
for kernel, factor, noise, weighted in (
    ("gaussian", 0.5, 0.1, False), ("gaussian", 5, 1e-3, False), ("gaussian", 0.5, 0.3, True),
    ("matern52", 0.15, 0.01, False), ("matern32", 0.5, 0.1, True), ("exponential", 1.5, 0.1, False),
):
    w = weights / weights.mean() if weighted else None
    mean = np.average(y, weights=w)
    gamma = factor / median
    model = fit(kernel, gamma, noise, X, y - mean, w)
    held_out = []
    for i in range(len(X)):
        keep = np.arange(len(X)) != i
        part = fit(kernel, gamma, noise, X[keep], y[keep] - mean, None if w is None else w[keep])
        held_out.append(part.predict(X[i : i + 1])[0] + mean)
    cases.append(dict(kernel=kernel, gammaFactor=factor, noise=noise, weighted=weighted,
                      predictions=numbers(model.predict(query) + mean), heldOut=numbers(held_out)))
Path(__file__).with_name("kernel-ridge.json").write_text(json.dumps(dict(
    x=[numbers(r) for r in X], query=[numbers(r) for r in query], values=numbers(y), weights=numbers(weights),
    cases=cases)) + "\n")
