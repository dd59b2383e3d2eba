"""Records probabilities of scikit-learn's naive Bayes models.

Run: python test/oracles/bayes/record.py   (scikit-learn 1.9.1, numpy 2.4)
"""
import json
from pathlib import Path

import numpy as np
from sklearn.naive_bayes import ComplementNB, GaussianNB, MultinomialNB

random = np.random.default_rng(11)
single = lambda a: np.asarray(a).astype(np.float32).astype(np.float64)
numbers = lambda a: [float(x) for x in np.asarray(a).ravel()]

labels3 = random.integers(0, 3, size=90)
labels2 = (labels3 > 0).astype(int)
means = random.normal(size=(3, 5)) * 1.5
normal = means[labels3] + random.normal(size=(90, 5)) * np.array([1, 2, 0.5, 1, 3])
normal = single(normal * np.array([1, 100, 0.01, 1, 1]) + np.array([0, 3000, 0, -2, 1]))
rates = random.uniform(0.2, 4, size=(3, 8))
counts = random.poisson(rates[labels3]).astype(float)
weights = random.uniform(0.3, 2, size=90)
matrices = {"normal": normal, "counts": counts}
cases = []


def record(trainer, config, model, name, labels, weights=None):
    model.fit(matrices[name], labels, sample_weight=weights)
    cases.append(dict(trainer=trainer, config=config, x=name, y=[int(v) for v in labels], classes=int(labels.max()) + 1,
                      weights=None if weights is None else numbers(weights),
                      probabilities=numbers(model.predict_proba(matrices[name]))))


for labels in (labels2, labels3):
    for w in (None, weights):
        record("gaussian-naive-bayes", {}, GaussianNB(), "normal", labels, w)
        record("multinomial-naive-bayes", {}, MultinomialNB(), "counts", labels, w)
        record("complement-naive-bayes", {"prior": False}, ComplementNB(), "counts", labels, w)
record("gaussian-naive-bayes", {"varianceSmoothing": 0.01}, GaussianNB(var_smoothing=0.01), "normal", labels3)
record("multinomial-naive-bayes", {"smoothing": 0.1, "uniformPrior": True},
       MultinomialNB(alpha=0.1, fit_prior=False), "counts", labels3)
record("complement-naive-bayes", {"smoothing": 0.5, "normalize": True, "prior": False}, ComplementNB(alpha=0.5, norm=True), "counts", labels3)
Path(__file__).with_name("bayes.json").write_text(json.dumps(
    dict(matrices={k: [numbers(r) for r in m] for k, m in matrices.items()}, cases=cases)) + "\n")
