"""Records a file written by the reference implementation of safetensors and what its tensors hold.

pip install torch safetensors numpy; python record.py > safetensors.json
"""
import base64
import json

import safetensors
import torch
from safetensors.torch import save

generator = torch.Generator().manual_seed(0)
floats = torch.randn(2, 3, generator=generator) * 100
tensors = {
    "half": torch.tensor([0.1, -2.5, 65504.0, 6e-8, 3e-5, -0.0]).half(),
    "bfloat": torch.tensor([[0.1, -2.5, 3e38]]).bfloat16(),
    "float": floats,
    "double": torch.tensor([1 / 3, -1e300], dtype=torch.float64),
    "long": torch.tensor([[2**62, -(2**62)]], dtype=torch.int64),
    "int": torch.tensor([-(2**31), 7], dtype=torch.int32),
    "byte": torch.tensor([0, 255], dtype=torch.uint8),
    "signed": torch.tensor([-128, 127, 5], dtype=torch.int8),
    "flag": torch.tensor([True, False, True]),
    "scalar": torch.tensor(0.5),
    "empty": torch.zeros(0, 4),
}
print(json.dumps({
    "source": f"safetensors {safetensors.__version__}, torch {torch.__version__}",
    "file": base64.b64encode(save(tensors, metadata={"format": "pt"})).decode(),
    "tensors": {
        name: {"shape": list(t.shape), "values": [str(v) if t.dtype == torch.int64 else float(v) for v in t.flatten().tolist()]}
        for name, t in tensors.items()
    },
}, indent=1))
