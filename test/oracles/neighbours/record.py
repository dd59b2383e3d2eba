"""Records predictions of scikit-learn's k nearest neighbours (brute force).

Run: python test/oracles/neighbours/record.py   (scikit-learn 1.9.1, numpy 2.4)
"""
import json
from pathlib import Path

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

random = np.random.default_rng(5)
numbers = lambda a: [float(x) for x in np.asarray(a).ravel()]
train = random.normal(size=(150, 11)).astype(np.float32).astype(np.float64)
query = np.vstack([random.normal(size=(40, 11)), train[:5]]).astype(np.float32).astype(np.float64)
labels = random.integers(0, 3, size=150)
labels[train[:, 0] > 0.5] = 2
values = train[:, 0] * 3 + random.normal(size=150) + 1000
cases = []
for k in (1, 5, 20):
    for weighting in ("uniform", "distance"):
        c = KNeighborsClassifier(k, weights=weighting, algorithm="brute").fit(train, labels)
        r = KNeighborsRegressor(k, weights=weighting, algorithm="brute").fit(train, values)
        cases.append(dict(neighbours=k, weighting=weighting, probabilities=numbers(c.predict_proba(query)),
                          predictions=numbers(r.predict(query))))
Path(__file__).with_name("neighbours.json").write_text(json.dumps(dict(
    train=[numbers(r) for r in train], query=[numbers(r) for r in query],
    labels=[int(v) for v in labels], values=numbers(values), cases=cases)) + "\n")
