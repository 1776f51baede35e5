"""Reference numbers for tests/gradtop/golden.rs, made with PyTorch.

    python3 tests/golden/golden.py          # writes tests/golden/*.txt; 2.15.0 made those in the repository

Values on both sides come from `fill`: splitmix64 of a counter, so that nothing large needs to be stored. Of every
tensor the files hold its Euclidean norm, its sum, and a few of its elements.
"""

import os
import numpy
import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))
EXERCISE = [64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool"]


def fill(stream, count):
    """`count` numbers uniform in [-1, 1): the counter mixed as splitmix64 does, its upper 53 bits."""
    with numpy.errstate(over="ignore"):
        z = (numpy.uint64(stream) << numpy.uint64(40)) + numpy.arange(1, count + 1, dtype=numpy.uint64)
        z = z * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    return (z >> numpy.uint64(11)).astype(numpy.float64) / 2.0**52 - 1.0


def cnn(channels):
    layers, before = [], 3
    for c in channels:
        if c == "pool":
            layers.append(nn.MaxPool2d(3, stride=2, padding=1))
        else:
            layers += [nn.Conv2d(before, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU()]
            before = c
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before, 10))


def mlp():
    return nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 5))


def batch_norm_mlp():
    return nn.Sequential(
        nn.Linear(20, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 12), nn.BatchNorm1d(12), nn.GELU(), nn.Linear(12, 5)
    )


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def mixed():
    """Every other layer, in one network."""
    body = nn.Sequential(nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 8, 3, padding=1))
    return nn.Sequential(
        nn.Conv2d(2, 6, (3, 2), stride=1, padding=1), nn.ELU(0.7), Residual(body, nn.Conv2d(6, 8, 1, stride=2)),
        nn.LeakyReLU(0.1), nn.AvgPool2d(3, stride=2, padding=1), nn.Sigmoid(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 5),
    )


def padded():
    """Every way to write a padding that has two numbers, or that has another number on the other side."""
    body = nn.Sequential(nn.Conv2d(5, 5, 2, padding="same"), nn.GELU())
    return nn.Sequential(
        nn.Conv2d(2, 16, (4, 3), padding="same"), nn.Tanh(), nn.Conv2d(16, 16, 3, padding="same"), nn.SiLU(),
        nn.Conv2d(16, 5, (2, 5), padding=(1, 2)), nn.MaxPool2d(3, stride=2, padding=(1, 0)),
        Residual(body, nn.Identity()), nn.AvgPool2d(2, stride=1, padding=(0, 1)),
        nn.Conv2d(5, 6, (3, 1), stride=2, padding=(1, 0)), nn.Flatten(), nn.Linear(36, 5),
    )


def prepare(model, shape, batch, classes):
    """Sets every parameter to numbers of its own stream, weights as wide as PyTorch begins with."""
    for stream, (name, p) in enumerate(model.named_parameters()):
        values = torch.from_numpy(fill(stream + 1, p.numel())).reshape(p.shape)
        if p.dim() > 1:
            values = values * (3.0 / (p.numel() / p.shape[0])) ** 0.5
        elif name.endswith("weight"):
            values = 1.0 + 0.25 * values
        else:
            values = 0.1 * values
        p.data = values
    features = int(numpy.prod(shape))
    x = torch.from_numpy(fill(1000, batch * features)).reshape(batch, *shape)
    labels = torch.tensor([(7 * i + 3) % classes for i in range(batch)])
    return x, labels


def line(name, tensor):
    t = tensor.detach().flatten()
    places = sorted({0, t.numel() // 3, t.numel() // 2, t.numel() - 1})
    entries = " ".join(f"{p}={t[p].item()!r}" for p in places)
    return f"{name} norm={t.norm().item()!r} sum={t.sum().item()!r} {entries}\n"


def passes(name, model, shape, batch, classes, smoothing=0.0):
    x, labels = prepare(model, shape, batch, classes)
    model.train()
    logits = model(x)
    loss = nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    loss.backward()
    with open(os.path.join(HERE, name + ".txt"), "w") as file:
        file.write(f"# PyTorch {torch.__version__.split('+')[0]}\n")
        file.write(line("loss", loss.reshape(1)))
        file.write(line("logits", logits))
        for n, p in model.named_parameters():
            file.write(line("gradient " + n, p.grad))
        for n, b in model.named_buffers():
            if not n.endswith("num_batches_tracked"):
                file.write(line("buffer " + n, b))
        model.eval()
        file.write(line("evaluated", model(x)))


def steps(name, make, shape, batch, classes):
    o = torch.optim
    optimizers = {
        "sgd": lambda p: o.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-3),
        "adam": lambda p: o.Adam(p, lr=2e-3, weight_decay=1e-2),
        "adamw": lambda p: o.AdamW(p, lr=2e-3, weight_decay=1e-1),
        "rmsprop": lambda p: o.RMSprop(p, lr=1e-3, momentum=0.5, weight_decay=1e-3),
    }
    with open(os.path.join(HERE, name + "_steps.txt"), "w") as file:
        file.write(f"# PyTorch {torch.__version__.split('+')[0]}: the loss of ten steps\n")
        for kind, optimizer in optimizers.items():
            model = make()
            x, labels = prepare(model, shape, batch, classes)
            optimizer = optimizer(model.parameters())
            losses = []
            for _ in range(10):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x), labels)
                loss.backward()
                optimizer.step()
                losses.append(repr(loss.item()))
            file.write(f"{kind} {' '.join(losses)}\n")


passes("mlp", mlp(), [20], 9, 5)
passes("batch_norm_mlp", batch_norm_mlp(), [20], 9, 5, smoothing=0.1)
passes("mixed", mixed(), [2, 9, 11], 5, 5)
passes("padded", padded(), [2, 7, 9], 5, 5)
passes("cnn", cnn(EXERCISE), [3, 32, 32], 4, 10)
steps("mlp", mlp, [20], 9, 5)
steps("batch_norm_mlp", batch_norm_mlp, [20], 9, 5)
small = [c if c == "pool" else c // 32 for c in EXERCISE]
steps("cnn", lambda: cnn(small), [3, 16, 16], 8, 10)
