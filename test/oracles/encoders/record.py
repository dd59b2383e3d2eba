"""Records what small encoders with random weights compute.

python test/oracles/encoders/record.py   (transformers 5.23, torch 2.15)
"""

import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

HERE = pathlib.Path(__file__).parent
IDS = [[2, 7, 9, 30, 4, 3], [2, 5, 3], [2, 39, 38, 37, 36, 35, 34, 33, 3]]
LENGTH = 9
# Two texts each, the second behind the first 3.
PAIRS = [[2, 7, 9, 3, 30, 4, 3], [2, 5, 3, 3], [2, 3, 36, 3, 35, 3]]


def record(name, model, padding):
    torch.manual_seed(1)
    model.eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(model.config.to_dict()) + "\n")
    save_file({f"{name}.{k}": v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    ids = torch.tensor([row + [padding] * (LENGTH - len(row)) for row in IDS])
    mask = torch.tensor([[1] * len(row) + [0] * (LENGTH - len(row)) for row in IDS])
    export(model, folder / "model.onnx", ids, mask)
    return {
        "padding": padding,
        "ids": ids.tolist(),
        "states": states_of(model, IDS, ids, attention_mask=mask),
        **({"pairs": pairs_of(model)} if getattr(model.config, "type_vocab_size", 0) > 1 else {}),
    }


def states_of(model, texts, ids, **others):
    with torch.no_grad():
        states = model(input_ids=ids, **others).last_hidden_state
    return [[round(x, 6) for x in states[r, : len(texts[r])].flatten().tolist()] for r in range(len(texts))]


def pairs_of(model, padding=0):
    width = max(len(row) for row in PAIRS)
    padded = lambda row, filler: row + [filler] * (width - len(row))
    ids = torch.tensor([padded(row, padding) for row in PAIRS])
    mask = torch.tensor([padded([1] * len(row), 0) for row in PAIRS])
    types = torch.tensor([padded([int(3 in row[:k]) for k in range(len(row))], 0) for row in PAIRS])
    return {"ids": ids.tolist(), "states": states_of(model, PAIRS, ids, attention_mask=mask, token_type_ids=types)}


class States(torch.nn.Module):
    """The output that text encoders are exported with."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, *inputs):
        names = ("input_ids", "attention_mask", "token_type_ids")
        return self.model(**dict(zip(names, inputs))).last_hidden_state


def export(model, path, ids, mask):
    has_segments = getattr(model.config, "type_vocab_size", 0) > 1
    inputs = (ids, mask, torch.zeros_like(ids)) if has_segments else (ids, mask)
    names = ["input_ids", "attention_mask", "token_type_ids"][: len(inputs)]
    torch.onnx.export(
        States(model).eval(),
        inputs,
        path,
        dynamo=False,
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "rows", 1: "places"} for name in [*names, "last_hidden_state"]},
        opset_version=17,
    )


if __name__ == "__main__":
    sizes = dict(vocab_size=40, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12)
    bert = BertModel(BertConfig(**sizes, max_position_embeddings=16), add_pooling_layer=False)
    roberta = RobertaModel(
        RobertaConfig(**sizes, max_position_embeddings=18, pad_token_id=1, hidden_act="gelu_new", type_vocab_size=1),
        add_pooling_layer=False,
    )
    distilbert = DistilBertModel(
        DistilBertConfig(vocab_size=40, dim=8, n_layers=2, n_heads=2, hidden_dim=12, max_position_embeddings=16)
    )
    out = {
        "versions": {"transformers": transformers.__version__, "torch": torch.__version__},
        "bert": record("bert", bert, 0),
        "roberta": record("roberta", roberta, 1),
        "distilbert": record("distilbert", distilbert, 0),
    }
    (HERE / "expected.json").write_text(json.dumps(out) + "\n")
