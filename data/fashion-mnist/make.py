#!/usr/bin/env python3
"""Cuts the balanced part of Fashion-MNIST that gradtop carries out of the full set.

    python3 make.py FOLDER-WITH-THE-FOUR-ORIGINAL-FILES [OUT]

Takes the first 1,000 training and the first 200 test images of each class and leaves them in the order of the
original files. The gzip headers hold no name and no time, so the same zlib writes the same bytes.
"""

import gzip
import sys
from pathlib import Path

CLASSES = 10
PARTS = [("train", 1000), ("t10k", 200)]


def body(path, dimensions):
    """The bytes behind the header of an IDX file of unsigned bytes."""
    data = gzip.decompress(path.read_bytes())
    if data[:4] != bytes([0, 0, 8, dimensions]):
        sys.exit(f"{path}: not an IDX file of unsigned bytes with {dimensions} dimensions")
    return data[4 + 4 * dimensions :]


def write(path, shape, data):
    header = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as out:
        out.write(header + data)


def main():
    source = Path(sys.argv[1])
    out = Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent)
    for part, per_class in PARTS:
        images = body(source / f"{part}-images-idx3-ubyte.gz", 3)
        labels = body(source / f"{part}-labels-idx1-ubyte.gz", 1)
        taken, chosen = [0] * CLASSES, []
        for item, label in enumerate(labels):
            if taken[label] < per_class:
                taken[label] += 1
                chosen.append(item)
        if taken != [per_class] * CLASSES:
            sys.exit(f"{part}: {taken} images of the classes, wanted {per_class} of each")
        pixels = b"".join(images[784 * item : 784 * (item + 1)] for item in chosen)
        write(out / f"{part}-images-idx3-ubyte.gz", [len(chosen), 28, 28], pixels)
        write(out / f"{part}-labels-idx1-ubyte.gz", [len(chosen)], bytes(labels[item] for item in chosen))


main()
