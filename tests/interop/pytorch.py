"""Weights that gradtop records, loaded by PyTorch into the same network: strictly, and it must measure what gradtop did.

    pytorch.py BINARY [WORD]

The network is put together from what `ready.json` says of the layers, so that every kind of layer is one entry here.
Where PyTorch is not installed, that is said and nothing is tried; `run.sh --all` installs it.
"""

import json
import re
import sys
from pathlib import Path

import numpy

from interop import complaint, main, output
from recorded import export, samples_for_test, train, weights_of

try:
    import torch
    from safetensors.torch import load_file
    from torch import nn
except ImportError as error:
    print(f"PyTorch can't be imported ({error}): that it loads recorded weights was NOT TRIED")
    sys.exit()

# Relative difference that two orders of summation may make of a loss.
MAX_LOSS_DIFFERENCE = 1e-5

# Height and width of the images.
SIDES = (10, 12)

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


class Residual(nn.Module):
    """F(x) + S(x): the layers F are `body`, the shortcut S is the identity or a projection."""

    def __init__(self, texts, shape):
        super().__init__()
        self.body, output = sequential(texts, shape)
        self.shortcut = nn.Identity()
        if output != shape and len(shape) == 1:
            self.shortcut = nn.Linear(shape[0], output[0])
        elif output != shape:
            # The only stride that brings the height, and the width, to that of F.
            [stride] = {-(-side // to) for side, to in zip(shape[1:], output[1:])}
            self.shortcut = nn.Conv2d(shape[0], output[0], 1, stride=stride)

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def layer(text, shape):
    """The module for a layer as gradtop writes it, which reads samples of this shape."""
    kind, _, rest = text.partition(" ")
    # A padding is `2`, `1x2` or `same`.
    moves = dict(re.findall(r"(stride|pad) (\w+)", rest))
    stride = int(moves["stride"]) if "stride" in moves else None
    pad = moves.get("pad", "0")
    pad = pad if pad == "same" else tuple(map(int, pad.split("x"))) if "x" in pad else int(pad)
    numbers = re.findall(r"[0-9.e-]+", rest)
    if kind == "linear":
        linear = nn.Linear(int(numpy.prod(shape)), int(rest))
        return linear if len(shape) == 1 else FlatLinear(linear)
    if kind == "conv":
        kernel = [int(side) for side in re.search(r"(\d+)x(\d+)", rest).groups()]
        return nn.Conv2d(shape[0], int(numbers[0]), kernel, stride or 1, pad)
    if kind == "batchnorm":
        return (nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d)(shape[0])
    if kind in ("maxpool", "avgpool"):
        pool = nn.MaxPool2d if kind == "maxpool" else nn.AvgPool2d
        size = int(numbers[0])
        return pool(size, stride or size, pad)
    if kind == "global_avgpool":
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if kind == "flatten":
        return nn.Flatten()
    if kind == "dropout":
        return nn.Dropout(float(rest))
    if kind == "residual":
        return Residual(re.search(r"\[(.*)\]", rest)[1].split(", "), shape)
    return ACTIVATIONS[kind](*map(float, numbers))


class FlatLinear(nn.Module):
    """A linear layer that reads images, with the names of one that does not."""

    def __init__(self, linear):
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias

    def forward(self, x):
        return nn.functional.linear(x.flatten(1), self.weight, self.bias)


def sequential(texts, shape):
    """The layers one after the other, and the shape of what the last gives."""
    modules, shape = [], list(shape)
    for text in texts:
        module = layer(text, shape).eval()
        shape = list(module(torch.zeros(1, *shape)).shape[1:])
        modules.append(module)
    return nn.Sequential(*modules), shape


def same_as_recorded(run, x, labels):
    """Loads the weights of a run strictly, and compares what they give with the evaluation that was recorded."""
    layers = json.loads((run / "ready.json").read_text())["layers"]
    network, classes = sequential([found["text"] for found in layers if "parent" not in found], x.shape[1:])
    network.load_state_dict(load_file(weights_of(run)), strict=True)
    with torch.no_grad():
        logits = network.eval()(torch.from_numpy(x))
    labels = torch.from_numpy(labels)
    state = export(run)["state"]["last_evaluation"]
    assert state["samples"] == len(labels) and classes == [logits.shape[1]]
    right = int((logits.argmax(1) == labels).sum())
    assert right / len(labels) == state["accuracy"], (right, len(labels), state)
    loss = nn.functional.cross_entropy(logits.double(), labels).item()
    assert abs(loss - state["loss"]) <= MAX_LOSS_DIFFERENCE * abs(state["loss"]), (loss, state)


def test_pytorch_loads_networks_of_tables():
    for number, (layers, arguments) in enumerate(
        [
            ("linear 8, batchnorm, relu, linear classes", []),
            ("linear 8, batchnorm, relu, linear classes", ["--set", "optimizer.ema=0.9"]),
            ("residual [linear 13, batchnorm, tanh], residual [linear 6, gelu], dropout 0.1, linear classes", []),
            ("linear classes", ["--set", "optimizer.kind=sgd"]),
            *((f"linear 9, {name}, linear classes", []) for name in [*ACTIVATIONS, "leaky_relu 0.2", "elu 0.5"]),
        ]
    ):
        _, run = train("--epochs", "6", "--lr", "0.01", *arguments, folder=f"runs{number}", layers=layers)
        same_as_recorded(run, *samples_for_test(run))


def images(count, seed):
    """Images with three channels of 10 by 12 pixels, whose three classes differ by where they are bright."""
    random = numpy.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    pixels = random.normal(110, 60, (count, 3, *SIDES))
    for image, label in zip(pixels, labels):
        image[label, 3 * label : 3 * label + 3] += 50
    return pixels.clip(0, 255).astype(numpy.uint8), labels


# The kinds of layers for images, each with every setting that PyTorch could understand otherwise.
IMAGE_NETWORKS = [
    "conv 4 3x5 stride 2 pad 2, batchnorm, relu, conv 5 2x2, batchnorm, silu, maxpool 2 stride 1, flatten, linear classes",
    "conv 4 3x3 pad 1, residual [conv 4 3x3 pad 1, batchnorm, gelu], residual [conv 6 3x3 stride 2 pad 1, batchnorm], "
    "maxpool 3 stride 2 pad 1, avgpool 2 stride 1 pad 1, global_avgpool, dropout 0.2, linear classes",
    "conv 3 1x1, relu, avgpool 3 stride 2 pad 1, leaky_relu 0.2, residual [conv 5 1x1, elu 0.5], linear 7, batchnorm, "
    "sigmoid, linear classes",
    "batchnorm, maxpool 3, tanh, conv 4 2x3 pad 1, avgpool 2, linear classes",
    "conv 4 4x3 pad same, tanh, conv 5 2x5 pad 1x2, maxpool 3 stride 2 pad 1x0, residual [conv 5 2x2 pad same, gelu], "
    "avgpool 2 stride 1 pad 0x1, conv 6 3x1 stride 2 pad 1x0, linear classes",
]


def test_pytorch_loads_networks_of_images():
    Path("pictures").mkdir()
    for part, (count, seed) in {"train": (300, 1), "test": (90, 2)}.items():
        x, y = images(count, seed)
        numpy.save(f"pictures/{part}_x.npy", x)
        numpy.save(f"pictures/{part}_y.npy", y)
    x = (x / 255).astype(numpy.float32)
    tried = set()
    for number, layers in enumerate(IMAGE_NETWORKS):
        words = ["--headless", "--data", "pictures", "--set", "data.preprocessing=scale", "--set", "run.batch_size=32"]
        output("train", *words, "--layers", layers, "--epochs", "3", "--set", f"run.directory=runs{number}")
        [run] = Path(f"runs{number}").iterdir()
        same_as_recorded(run, x, y)
        tried |= set(re.findall(r"[a-z_]+", layers))
    # An unknown layer is answered with all that there are; a new kind belongs into the networks above.
    every = re.findall(r"`([a-z_]+)", complaint("train", "--headless", "--layers", "linear classes, ?"))
    assert "conv" in every and set(every) <= tried, set(every) - tried


if __name__ == "__main__":
    main(globals())
