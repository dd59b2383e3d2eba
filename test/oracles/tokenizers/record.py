"""Records what Hugging Face tokenizers learn from and make of a few texts.

python test/oracles/tokenizers/record.py   (tokenizers 0.22)
"""

import json
import pathlib

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

SUBJECTS = ["the old miller", "a young baker", "our neighbour", "the café owner", "naïve Zoë", "磨坊主"]
VERBS = ["grinds", "was grinding", "bakes", "had been baking", "re-baked", "carefully weighs", "磨"]
THINGS = ["wheat into flour.", "rye bread, slowly!", "12 loaves at 3.50 each;", "unbelievably good rolls?", "小麦和面粉。", "oats & barley (unmalted)"]
TEXTS = [f"{s} {v} {t}" for s in SUBJECTS for v in VERBS for t in THINGS]
FRESH = ["The miller re-grinds unmalted wheat", "面包和小麦", "", "   ", "Flour\tand\nwater", "zzz 😀 café", "x" * 120, "[PAD] [UNK]"]


def learn(kind, vocabulary):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    if kind == "wordpiece":
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.BertNormalizer(lowercase=True)
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=vocabulary, min_frequency=2, special_tokens=special, show_progress=False)
    elif kind == "bpe":
        made = Tokenizer(models.BPE(unk_token="[UNK]"))
        made.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary, min_frequency=2, special_tokens=special, show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        )
    else:
        made = Tokenizer(models.Unigram())
        made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
        made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
        trainer = trainers.UnigramTrainer(
            vocab_size=vocabulary, special_tokens=special, unk_token="[UNK]", show_progress=False, n_sub_iterations=2,
        )
    made.train_from_iterator(TEXTS, trainer)
    model = json.loads(made.to_str())["model"]
    # The special pieces become matchable text otherwise.
    stripped = json.loads(made.to_str())
    stripped["added_tokens"] = []
    plain = Tokenizer.from_str(json.dumps(stripped))
    return {
        "vocabulary": vocabulary,
        "merges": model.get("merges"),
        "pieces": sorted(made.get_vocab(), key=made.get_vocab().get),
        "tokens": sum(len(plain.encode(text).ids) for text in TEXTS),
        "file": json.dumps(stripped, ensure_ascii=False),
        "fresh": [plain.encode(text).ids for text in FRESH],
    }


if __name__ == "__main__":
    out = {
        "tokenizers": tokenizers.__version__,
        "texts": TEXTS,
        "freshTexts": FRESH,
        "wordpiece": learn("wordpiece", 300),
        "bpe": learn("bpe", 420),
        "unigram": learn("unigram", 300),
    }
    path = pathlib.Path(__file__).with_name("expected.json")
    path.write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n")
