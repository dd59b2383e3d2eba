"""Optuna's samplers on the functions of functions.mjs: the best value so far after some trials, for each seed.

python peers.py OUTPUT.json [SAMPLER,...]
"""
import json
import math
import statistics
import sys
import warnings

import optuna

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)

CHECKPOINTS = [25, 50, 100]
SEEDS = {"random": 21, "tpe": 21, "cma-es": 21, "gaussian-process": 7}
TRIALS = {"random": 100, "tpe": 100, "cma-es": 100, "gaussian-process": 50}
SAMPLERS = {
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "cma-es": lambda seed: optuna.samplers.CmaEsSampler(seed=seed),
    "gaussian-process": lambda seed: optuna.samplers.GPSampler(seed=seed),
}


def sphere(trial):
    centre = [1.2, -2.1, 0.4, 3.0, -1.5]
    return sum((trial.suggest_float(f"x{i}", -5, 5) - c) ** 2 for i, c in enumerate(centre))


def branin(trial):
    x = trial.suggest_float("x0", -5, 10)
    y = trial.suggest_float("x1", 0, 15)
    bend = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.39788735772973816


HARTMANN_ALPHA = [1.0, 1.2, 3.0, 3.2]
HARTMANN_A = [
    [10, 3, 17, 3.5, 1.7, 8],
    [0.05, 10, 17, 0.1, 8, 14],
    [3, 3.5, 1.7, 10, 17, 8],
    [17, 8, 0.05, 10, 0.1, 14],
]
HARTMANN_P = [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]


def hartmann6(trial):
    x = [trial.suggest_float(f"x{i}", 0, 1) for i in range(6)]
    total = 0.0
    for alpha, scales, places in zip(HARTMANN_ALPHA, HARTMANN_A, HARTMANN_P):
        total += alpha * math.exp(-sum(a * (v - p) ** 2 for a, v, p in zip(scales, x, places)))
    return 3.32236801141551 - total


def rastrigin(trial):
    centre = [1.1, -2.3, 0.6, 2.9]
    total = 0.0
    for i, c in enumerate(centre):
        z = trial.suggest_float(f"x{i}", -5.12, 5.12) - c
        total += 10 + z * z - 10 * math.cos(2 * math.pi * z)
    return total


def mixed(trial):
    model = trial.suggest_categorical("model", ["boost", "kernel", "blend"])
    if model == "boost":
        rate = math.log10(trial.suggest_float("rate", 1e-4, 1, log=True))
        depth = trial.suggest_int("depth", 1, 20)
        return 0.1 + 0.3 * (rate + 2) ** 2 + 0.02 * (depth - 7) ** 2
    if model == "kernel":
        cost = math.log10(trial.suggest_float("cost", 1e-3, 1e3, log=True))
        kind = trial.suggest_categorical("kind", ["linear", "radial", "polynomial"])
        base = 0.2 * (cost - 1) ** 2
        if kind == "linear":
            return base + 0.3
        width = trial.suggest_float("width", 0, 1)
        return base + (0.4 * (width - 0.3) ** 2 if kind == "radial" else 0.1 + 0.4 * (width - 0.7) ** 2)
    return 0.2 + (trial.suggest_float("share", 0, 1) - 0.5) ** 2


def categories(trial):
    """Five unordered choices of four values, one of which interacts with a number."""
    letters = [trial.suggest_categorical(f"c{i}", ["a", "b", "c", "d"]) for i in range(5)]
    x = trial.suggest_float("x", 0, 1)
    wrong = sum(letter != wanted for letter, wanted in zip(letters, "bdacb"))
    return wrong + (x - (0.8 if letters[0] == "b" else 0.2)) ** 2


FUNCTIONS = [sphere, branin, hartmann6, rastrigin, mixed, categories]


def best_so_far(function, sampler, seed):
    study = optuna.create_study(sampler=SAMPLERS[sampler](seed))
    study.optimize(function, n_trials=TRIALS[sampler])
    values = [trial.value for trial in study.trials]
    return {n: min(values[:n]) for n in CHECKPOINTS if n <= len(values)}


def main():
    output = sys.argv[1]
    samplers = sys.argv[2].split(",") if len(sys.argv) > 2 else list(SAMPLERS)
    results = {}
    for sampler in samplers:
        for function in FUNCTIONS:
            runs = [best_so_far(function, sampler, seed) for seed in range(SEEDS[sampler])]
            median = {n: statistics.median(run[n] for run in runs) for n in runs[0]}
            results.setdefault(function.__name__, {})[sampler] = median
            with open(output, "w", encoding="utf-8") as file:
                json.dump({"optuna": optuna.__version__, "seeds": SEEDS, "median": results}, file, indent=1)
                file.write("\n")


if __name__ == "__main__":
    main()
