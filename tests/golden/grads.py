"""Writes the golden files of tests/gradtop/grads.rs, made with PyTorch 2.15.0 on a CPU:

    python tests/golden/grads.py tests/golden
"""

import json
import struct
import sys

import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def save(path, tensors):
    types = {torch.float64: "F64", torch.int64: "I64"}
    header, data = {}, b""
    for name, tensor in sorted(tensors.items()):
        values = tensor.detach().contiguous()
        raw = values.numpy().tobytes()
        span = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": types[values.dtype], "shape": list(values.shape), "data_offsets": span}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
model = nn.Sequential(
    nn.Conv2d(2, 3, 3, padding=1),
    nn.BatchNorm2d(3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    Residual(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()), nn.Conv2d(3, 4, 1)),
    nn.Flatten(),
    nn.Linear(16, 3),
)
with torch.no_grad():
    for name, value in model.named_parameters():
        if value.dim() == 1:
            value.copy_(1 + torch.randn_like(value) / 4)
    for name, value in model.named_buffers():
        if name.endswith("running_mean"):
            value.normal_()
        elif name.endswith("running_var"):
            value.uniform_(0.5, 2)
x = torch.randn(3, 2, 4, 4, requires_grad=True)
y = torch.tensor([2, 0, 1])
folder = sys.argv[1]
save(f"{folder}/weights.safetensors", dict(model.state_dict()))
save(f"{folder}/batch.safetensors", {"x": x, "y": y})
start = {name: value.clone() for name, value in model.state_dict().items()}

for mode in ["train", "evaluate"]:
    model.load_state_dict(start)
    model.train(mode == "train")
    model.zero_grad()
    x.grad = None
    activations = []
    a = x
    for layer in model:
        a = layer(a)
        a.retain_grad()
        activations.append(a)
    loss = nn.functional.cross_entropy(a, y)
    loss.backward()
    out = {"loss": loss, "gradient.input": x.grad}
    for number, a in enumerate(activations):
        out[f"activation.{number}"] = a
        out[f"gradient.activation.{number}"] = a.grad
    for name, value in model.named_parameters():
        out[f"gradient.{name}"] = value.grad
    if mode == "train":
        for name, value in model.named_buffers():
            if "running" in name:
                out[f"after.{name}"] = value
    save(f"{folder}/{mode}.safetensors", out)
