"""Records expected.json: made scenes and what pycocotools 2.0.11 and scikit-learn say of them."""
import json, io, contextlib, random
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from sklearn.metrics import jaccard_score, accuracy_score

NAMES = ["map", "map50", "map75", "mapSmall", "mapMedium", "mapLarge",
         "mar1", "mar10", "mar100", "marSmall", "marMedium", "marLarge"]

def scene(seed, images, classes, crowds):
    rng = random.Random(seed)
    truth, found = [], []
    for i in range(images):
        for _ in range(rng.randint(0, 6)):
            c = rng.randrange(classes)
            w, h = rng.choice([(20, 25), (60, 50), (150, 120)])
            w, h = w + rng.randint(0, 9), h + rng.randint(0, 9)
            x, y = rng.randint(0, 400), rng.randint(0, 300)
            crowd = crowds and rng.random() < 0.15
            truth.append(dict(image=f"i{i:02d}", cls=f"c{c}", box=[x, y, w, h], crowd=crowd))
            for _ in range(rng.choice([0, 1, 1, 2])):
                j = lambda s: rng.gauss(0, 0.12) * s
                found.append(dict(image=f"i{i:02d}", cls=f"c{c if rng.random() < .9 else rng.randrange(classes)}",
                                  box=[round(x + j(w), 2), round(y + j(h), 2), round(w * (1 + j(1)), 2), round(h * (1 + j(1)), 2)],
                                  score=round(rng.random(), 2)))
        for _ in range(rng.randint(0, 3)):
            found.append(dict(image=f"i{i:02d}", cls=f"c{rng.randrange(classes)}",
                              box=[rng.randint(0, 400), rng.randint(0, 300), rng.randint(8, 160), rng.randint(8, 160)],
                              score=round(rng.random() * .6, 2)))
    return truth, found

def coco(truth, found):
    images = sorted({o["image"] for o in truth + found}); classes = sorted({o["cls"] for o in truth + found})
    gt = COCO()
    gt.dataset = dict(images=[dict(id=k + 1) for k in range(len(images))],
                      categories=[dict(id=k + 1, name=c) for k, c in enumerate(classes)],
                      annotations=[dict(id=k + 1, image_id=images.index(o["image"]) + 1, category_id=classes.index(o["cls"]) + 1,
                                        bbox=o["box"], area=o["box"][2] * o["box"][3], iscrowd=int(o["crowd"])) for k, o in enumerate(truth)])
    with contextlib.redirect_stdout(io.StringIO()):
        gt.createIndex()
        dt = gt.loadRes([dict(image_id=images.index(o["image"]) + 1, category_id=classes.index(o["cls"]) + 1, bbox=o["box"], score=o["score"]) for o in found])
        ev = COCOeval(gt, dt, "bbox"); ev.evaluate(); ev.accumulate(); ev.summarize()
    return dict(zip(NAMES, [None if v < 0 else float(v) for v in ev.stats]))

cases = []
for seed, images, classes, crowds in [(1, 12, 3, False), (2, 25, 2, True), (3, 6, 1, False), (4, 40, 5, True)]:
    truth, found = scene(seed, images, classes, crowds)
    cases.append(dict(truth=truth, found=found, expected=coco(truth, found)))

rng = np.random.default_rng(0)
truth = rng.integers(0, 4, 600); predicted = np.where(rng.random(600) < .7, truth, rng.integers(0, 5, 600)); truth[:40] = 255
kept = truth != 255
masks = dict(truth=truth.tolist(), predicted=predicted.tolist(), classes=6,
             mean=float(jaccard_score(truth[kept], predicted[kept], average="macro")),
             accuracy=float(accuracy_score(truth[kept], predicted[kept])))
json.dump(dict(cases=cases, masks=masks), open("test/oracles/detection/expected.json", "w"))
