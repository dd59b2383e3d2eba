"""Writes scikit-learn's bundled tables as CSV: sklearn_sets.py FOLDER."""
import sys
from pathlib import Path

from sklearn import datasets

folder = Path(sys.argv[1])
for name, load in {
    "breast-cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "wine": datasets.load_wine,
    "diabetes": datasets.load_diabetes,
}.items():
    data = load(as_frame=True)
    frame = data.frame.copy()
    if name != "diabetes":
        frame["target"] = [str(data.target_names[code]) for code in data.target]
        if name == "digits":
            frame["target"] = "d" + frame["target"]
    frame.to_csv(folder / f"{name}.csv", index=False)
