"""Writes small sound files of every format to corpus/, from which the fuzz targets start."""

import base64
import gzip
import io
import pathlib
import struct
import tarfile
import zlib

CORPUS = pathlib.Path(__file__).parent / "corpus"

# 8×8 pixels of one colour.
JPEG = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8"
    "ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAAR"
    "CAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAH/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAAAAAA"
    "BP/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AIAGe//Z"
)


def put(target, name, contents):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(contents)


def idx(sides, elements):
    return struct.pack(f">BBBB{len(sides)}I", 0, 0, 8, len(sides), *sides) + bytes(elements)


def npy(descr, shape, elements, version=1):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + bytes(elements)


def png(width, height, color, depth, rows, palette=b"", interlace=0):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    parts = [chunk(b"IHDR", header)] + ([chunk(b"PLTE", palette)] if palette else [])
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts + [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")])


def tensors(header, data):
    return struct.pack("<Q", len(header)) + header.encode() + bytes(data)


def archive(files, format=tarfile.USTAR_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        for name, contents in files:
            info = tarfile.TarInfo(name)
            info.size = len(contents)
            if format == tarfile.PAX_FORMAT:
                info.pax_headers = {"mtime": "1.5"}
            tar.addfile(info, io.BytesIO(contents))
    # Without the zeros that fill up to 10 KiB.
    return out.getvalue().rstrip(b"\0").ljust(512 * (len(out.getvalue().rstrip(b"\0")) // 512 + 1), b"\0") + bytes(1024)


def main():
    put("idx", "images", idx([2, 2, 3], range(12)))
    put("idx", "labels", idx([4], [0, 1, 1, 0]))
    put("idx", "gzip", gzip.compress(idx([2, 2, 3], range(12)), mtime=0))
    for classes, first in ((1, b"\x03"), (2, b"\x03\x11")):
        put("cifar", f"records{classes}", (first + bytes(3072)) * 2)
    put("cifar", "names", b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n")
    small = [("cifar-10-batches-bin/batches.meta.txt", b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"), ("x/readme.html", b"x" * 20)]
    whole = [(f"d/{name}.bin", b"\x01" + bytes(3072)) for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]]
    for target, files in (("tar", small), ("cifar", small), ("cifar", whole)):
        name = "whole" if files is whole else "small"
        put(target, f"{name}-ustar", archive(files))
        put(target, f"{name}-gzip", gzip.compress(archive(files), mtime=0))
    put("tar", "pax", archive(small, tarfile.PAX_FORMAT))
    put("tar", "gnu", archive(small, tarfile.GNU_FORMAT))
    put("csv", "header", b"x,y\n1,a\n2,b\n3,a\n4,b\n")
    put("csv", "quoted", b'"1.5", -2e3,"a ""b"""\r\n3,4,c\r\n5,6,c\r\n7,8,"a ""b"""\r\n')
    put("csv", "ragged", b"1,2,3\n4,5\n")
    put("npy", "floats", npy("'<f4'", "(2, 3)", bytes(24)))
    put("npy", "doubles", npy("'>f8'", "(1, 2, 2)", bytes(32)))
    put("npy", "labels", npy("'<i8'", "(3,)", bytes(24), version=2))
    put("npy", "pixels", npy("'|u1'", "(2, 2, 2, 3)", range(24)))
    put("image", "rgb", png(2, 2, 2, 8, b"\0" + bytes(6) + b"\1" + bytes(6)))
    put("image", "grey16", png(2, 1, 0, 16, b"\0" + bytes(4)))
    put("image", "palette", png(3, 1, 3, 2, b"\0\x1b", palette=bytes(12)))
    put("image", "interlaced", png(2, 2, 6, 8, (b"\0" + bytes(4)) * 2 + b"\0" + bytes(8), interlace=1))
    put("image", "jpeg", base64.b64decode(JPEG))
    one = '"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}'
    two = '"y":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}'
    put("tensors", "one", tensors("{" + one + "}", 8))
    put("tensors", "two", tensors('{"__metadata__":{"k":"v"},' + one + "," + two + "}  ", 16))
    put("tensors", "twice", tensors("{" + one + "," + one + "}", 8))
    default = (pathlib.Path(__file__).parent.parent / "config.toml").read_text()
    put("config", "default", "".join(line + "\n" for line in default.splitlines() if line and line[0] != "#").encode())
    put("config", "set", b'data.augment=["flip", "crop 4", "cutout 8"]')
    put("config", "bare", b"model.layers=linear 5, relu, linear 10")


if __name__ == "__main__":
    main()
