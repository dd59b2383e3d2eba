"""Records TF-IDF of distinct terms with logistic regression (scikit-learn) for the wide part of networks that read texts."""
import json
import pathlib

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

VOCABULARY, BUCKETS, LENGTH, ROWS = 30, 64, 12, 60
random = np.random.default_rng(7)
ids = np.zeros((ROWS, LENGTH), dtype=int)
codes = random.integers(0, 3, ROWS)
for row in range(ROWS):
    count = random.integers(2, LENGTH + 1)
    ids[row, :count] = random.integers(1, 20, count)
    ids[row, 0] = 20 + codes[row] if random.random() < 0.7 else 24
counts = np.zeros((ROWS, VOCABULARY + BUCKETS))
for row in range(ROWS):
    pieces = [int(id) for id in ids[row] if id > 0]
    for place, piece in enumerate(pieces):
        counts[row, piece] = 1
        if place > 0:
            counts[row, VOCABULARY + (pieces[place - 1] * 1_000_003 + piece) % BUCKETS] = 1
counts[:, counts.sum(axis=0) < 2] = 0
features = TfidfTransformer().fit_transform(counts)
model = LogisticRegression(C=1.5, tol=1e-10, max_iter=10_000).fit(features, codes)
pathlib.Path(__file__).with_suffix(".json").write_text(
    json.dumps(
        {
            "vocabulary": VOCABULARY,
            "buckets": BUCKETS,
            "length": LENGTH,
            "ids": ids.ravel().tolist(),
            "codes": codes.tolist(),
            "scores": np.round(model.decision_function(features), 7).ravel().tolist(),
        }
    )
)
