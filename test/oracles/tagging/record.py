"""Records what seqeval 1.2.2 says of random tag sequences, valid ones and others: spans and figures."""
import json
import random

from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import get_entities

random.seed(7)
LABELS = ["person", "place", "work"]


def tags(parts, length):
    return [
        "O" if random.random() < 0.4 else f"{random.choice(parts)}-{random.choice(LABELS)}"
        for _ in range(length)
    ]


def noisy(sequence, parts):
    return [tag if random.random() < 0.8 else tags(parts, 1)[0] for tag in sequence]


cases = []
for scheme, parts in {"IOB": ["B", "I"], "IOBES": ["B", "I", "E", "S"]}.items():
    truth = [tags(parts, random.randint(1, 9)) for _ in range(40)]
    said = [noisy(sequence, parts) for sequence in truth]
    report = classification_report(truth, said, output_dict=True, zero_division=0)
    cases.append(
        {
            "scheme": scheme,
            "truth": truth,
            "said": said,
            "spans": [
                [[start, end + 1, label] for label, start, end in get_entities(sequence)] for sequence in truth
            ],
            "report": {
                name: {key: float(value) for key, value in figures.items()} for name, figures in report.items()
            },
        }
    )
with open("expected.json", "w") as file:
    json.dump(cases, file, separators=(",", ":"))
