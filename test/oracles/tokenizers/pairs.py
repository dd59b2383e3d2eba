"""Records how Hugging Face tokenizers lay two texts, whole and cut.

python test/oracles/tokenizers/pairs.py   (tokenizers 0.23)
"""

import json
import pathlib

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "bee", "cat", "dog", "eel", "##s", "?"]
PAIRS = [["cats?", "a dog"], ["", "a bee"], ["eel", ""], ["a cat bees dog eels", "dog"], ["dog", "a cat bees dog eels"], ["cats dogs eels", "bees bees bees a"]]
LENGTHS = [None, 8, 7, 5, 3]

made = Tokenizer(models.WordPiece({word: k for k, word in enumerate(WORDS)}, unk_token="[UNK]"))
made.normalizer = normalizers.BertNormalizer(lowercase=True)
made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
made.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)


def laid(pair, length):
    made.no_truncation()
    if length is not None:
        made.enable_truncation(length, strategy="longest_first")
    encoded = made.encode(*pair)
    return {"pair": pair, "length": length, "ids": encoded.ids, "types": encoded.type_ids}


made.no_truncation()
file = made.to_str()
out = {"tokenizers": tokenizers.__version__, "file": file, "laid": [laid(pair, length) for pair in PAIRS for length in LENGTHS]}
pathlib.Path(__file__).with_name("pairs.json").write_text(json.dumps(out) + "\n")
