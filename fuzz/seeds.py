"""Writes small files of every format, sound and unsound, to corpus/, from which the fuzz targets start, and words that
their readers know to dictionaries/."""

import base64
import gzip
import io
import pathlib
import struct
import tarfile
import zlib

HERE = pathlib.Path(__file__).parent
CORPUS = HERE / "corpus"

# What the readers compare with.
WORDS = {
    "csv": [
        *["NaN", "NA", "?", "null", "None", "#N/A", "label", "class", "target", "Unnamed: 0", "x,y,label\n", "1.0", "1e39"],
        *["\r\n", "\n\n", '""', '"a\nb"', "\ufeff", "0,5;", "-0", "inf", "PK\x03\x04", "\0x,y,label\n", "caf\xe9"],
    ],
    "npy": [
        *["'descr'", "'fortran_order'", "'shape'", "True", "False", "(4, 2, 2, 3)", "(2,)", "'<f4'", "'>f8'", "'|u1'"],
        *["'|b1'", "'<i8'", "'<u2'", "'|i1'", "'<U5'", "'|O'", "'<c8'", "{", "}", ", ", ": "],
    ],
    "config": [
        *["[run]\n", "[data]\n", "[model]\n", "[optimizer]\n", "[schedule]\n", "[ui]\n", "residual [", "linear classes"],
        *["batchnorm", "conv 8 3x3", " stride 2", " pad 1", "maxpool 2", "avgpool 2", "global_avgpool", "dropout 0.5", "flatten"],
        *["dense 64", "ReLU", "softmax", "gelu", "tanh", "48x64", "flip", "crop 4", "cutout 8", "cosine", "step 5 0.1"],
        *["learning_rate", "batch_size", "scheduler", "wd", "target", "dataset", '"""', "true", "1e-3", "[", "]", "="],
    ],
}

# Images of 8×8 pixels, and one of 16×8, as Pillow writes them.
IMAGES = {
    "jpeg": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62r"
    "Z4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/"
    "wAARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAH/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAA"
    "AAAABP/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AIAGe//Z",
    "progressive": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H/"
    "///6/+b9//j/wgALCAAIABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/2gAIAQEAAAABm//EABQQAQAAAAAAAAAAAAAAAAAAABD/2gAI"
    "AQEAAQUCP//EABQQAQAAAAAAAAAAAAAAAAAAABD/2gAIAQEABj8CP//EABQQAQAAAAAAAAAAAAAAAAAAABD/2gAIAQEAAT8hP//aAAgBAQAA"
    "ABA//8QAFBABAAAAAAAAAAAAAAAAAAAAEP/aAAgBAQABPxA//9k=",
    "cmyk": "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwCgbniMeGSgjIKMtKqgvvD///Dc3PD/////////////////////////////////////////////////"
    "/////////8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAECA//EABgQAQEAAwAAAAAAAAAAAAAAAAACAxIT/9oA"
    "DgRDAE0AWQBLAAA/ADEOaIjZs//Z",
    "webp": "UklGRjwAAABXRUJQVlA4IDAAAADQAQCdASoIAAgABUB8JbACdAD0rsQ4AAD+6f02sLx+YrvVVS8SV1T/V57QZpxowAA=",
    "webp-lossless": "UklGRjQAAABXRUJQVlA4TCcAAAAvB8ABALkyRPQ/dhHR/wBhtlFFzl90ryOYDwVpG7Cw3YkJAOmB9x8A",
    "webp-alpha": "UklGRoIAAABXRUJQVlA4WAoAAAAQAAAABwAABwAAQUxQSCsAAAABP0CQbRtSuMH6iIh1yIAQkq2kkEIKKaSQQgr5W+xF9D8GZrWwq1NdvOoD"
    "AFZQOCAwAAAA0AEAnQEqCAAIAAVAfCWwAnQA9K7EOAAA/un9NrC8fmK71VUvEldU/1ee0GacaMAA",
    "webp-frames": "UklGRuwAAABXRUJQVlA4WAoAAAACAAAABwAABwAAQU5JTQYAAAAAAAAAAABBTk1GXAAAAAAAAAAAAAcAAAcAADIAAAJWUDggRAAAAFABAJ0B"
    "KggACAAFQHwlsAAFjAAA/tQr5//kP/fmX/fZX//e9/7OJPRIfZJQiUb8MXZjrv71ANLOBogPvi+DlM6WUAAAQU5NRlwAAAAAAAAAAAAHAAAH"
    "AAAyAAAAVlA4IEQAAABUAQCdASoIAAgAAAB8JbAABHQAAP7N7/bHsz6o/+1/7Xf9K//HC2p4bj9ycSSvLUX39TRhYq+kmxzQcUv1X39Ql2gA"
    "AA==",
}


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


def bmp(bits, palette, rows, compression=0):
    header = struct.pack("<IiiHHIIiiII", 40, 2, 2, 1, bits, compression, len(rows), 2835, 2835, len(palette) // 4, 0)
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + header + palette + rows


def turned(jpeg, orientation, order=">"):
    """A JPEG with an orientation tag after its start."""
    mark = b"MM" if order == ">" else b"II"
    tag = struct.pack(order + "HHIHH", 0x112, 3, 1, orientation, 0)
    exif = b"Exif\0\0" + mark + struct.pack(order + "HIH", 42, 8, 1) + tag + bytes(4)
    return jpeg[:2] + struct.pack(">HH", 0xFFE1, len(exif) + 2) + exif + jpeg[2:]


def members(contents, *cuts):
    """Gzip data of several members."""
    places = [0, *cuts, len(contents)]
    return b"".join(gzip.compress(contents[a:b], mtime=0) for a, b in zip(places, places[1:]))


def put_idx():
    images, labels = idx([4, 2, 3], range(24)), idx([4], [0, 1, 1, 0])
    put("idx", "images", images)
    put("idx", "labels", labels)
    put("idx", "folder", images + labels + images + labels)
    put("idx", "gzip", gzip.compress(images, mtime=0))
    put("idx", "gzip-members", members(images, 2, 16, 20))
    put("idx", "gzip-padded", members(labels, 5) + bytes(8))
    put("idx", "gzip-empty-member", members(labels, 5, 5, 12))


def put_cifar_and_tar():
    for classes, first in ((1, b"\x03"), (2, b"\x03\x11")):
        put("cifar", f"records{classes}", (first + bytes(3072)) * 2)
    put("cifar", "names", b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n")
    put("cifar", "names-twice", b"a\r\nb\r\na\r\n")
    small = [("cifar-10-batches-bin/batches.meta.txt", b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"), ("x/readme.html", b"x" * 20)]
    whole = [(f"d/{name}.bin", b"\x01" + bytes(3072)) for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]]
    for target, files in (("tar", small), ("cifar", small), ("cifar", whole)):
        name = "whole" if files is whole else "small"
        put(target, f"{name}-ustar", archive(files))
        put(target, f"{name}-gzip", gzip.compress(archive(files), mtime=0))
        put(target, f"{name}-members", members(archive(files), 700))
    put("tar", "pax", archive(small, tarfile.PAX_FORMAT))
    put("tar", "gnu", archive(small, tarfile.GNU_FORMAT))


# What the first byte of a table chooses, as `dataset::fuzz::csv` reads it.
FIRST_COLUMN, LABEL_Y, NAMES, NO_NAMES, WITHOUT_0, WITHOUT_X, SCALE = 1, 2, 8, 12, 16, 32, 64


def put_csv():
    def table(name, text, choice=0, encoding="utf-8"):
        put("csv", name, bytes([choice]) + (text if isinstance(text, bytes) else text.encode(encoding)))

    head, rows = "x,y,label\n", "1,2,a\n3,4,b\n5,6.5,a\n7,-8e1,b\n2,1,a\n"
    table("header", head + rows)
    table("no-header", rows, NO_NAMES)
    table("label-by-name", "y,x\na,1\nb,2\na,3\nb,4\n", LABEL_Y)
    table("label-first", "2,7,7,0\n1,9,2,0\n0,3,4,0\n1,6,5,0\n2,5,5,0\n0,1,1,0\n")
    table("label-by-number", "2,7,7\n1,9,2\n2,3,4\n1,6,5\n", FIRST_COLUMN | SCALE)
    table("leave-out", head + rows, WITHOUT_X)
    table("leave-out-number", rows, WITHOUT_0)
    table("quoted", b'"1.5", -2e3,"a ""b"""\r\n3,4,c\r\n5,6,c\r\n7,8,"a ""b"""\r\n')
    table("unclosed-quote", head + rows + '1,2,"a\n3,4,b\n')
    table("ragged", "1,2,3\n4,5\n")
    for name, end in (("crlf", "\r\n"), ("cr", "\r")):
        table(name, (head + "\n \n" + rows + "\n5,oops,a\n").replace("\n", end))
    table("mark", "\ufeff" + head + rows)
    table("utf-16", head + rows, encoding="utf-16")
    table("latin-1", head + rows + "1,2,p\xe4r\n3,4,p\xf6r\n", encoding="latin-1")
    table("zero-byte", head + rows + "1,\0,a\n", 128)
    table("semicolons", "x;y;label\n0,126;-0,132;1\n0,640;0,105;1\n1,5;2;0\n-1;3,25;0\n")
    table("semicolons-1", "0,1;b\n0,6;b\n0,5;a\n0,2;a\n")
    table("tabs", (head + rows).replace(",", "\t"))
    table("bars", (head + rows).replace(",", "|"))
    table("trailing", (head + rows).replace("\n", ",\n"))
    table("numeric-header", "0,1,2\n0.126,-0.132,1\n0.640,0.105,1\n0.5,0.25,0\n0.75,1,0\n")
    table("numeric-header-index", ",0,1\n0,0.126,1\n1,0.640,0\n2,0.5,1\n3,0.3,0\n")
    table("year-header", "a,2020,label\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n")
    counted = "".join(f"{row},{row * row % 7},{row % 5},{row // 5}\n" for row in range(10))
    table("index", ",x,y,label\n" + counted)
    table("named-index", "id,x,y,label\n" + counted, NAMES)
    for name, word in (("nan", "NaN"), ("na", "NA"), ("question", "?"), ("null", "null"), ("empty", "")):
        table(f"missing-label-{name}", head + rows + f"1,2,{word}\n")
        table(f"missing-number-{name}", head + rows + f"1,{word},a\n")
    table("equal-labels", "x,label\n1,1\n2,1.0\n3,01\n4,2\n5,2e0\n6,-0\n7,0\n")
    table("quantity", "x,y\n" + "".join(f"{row},{row}.5\n" for row in range(25)))
    table("single-samples", "x,label\n1,a\n2,b\n3,c\n")
    table("offset", "t,label\n" + "".join(f"{1700000000 + row},{row % 2}\n" for row in range(8)))
    table("largest", "x,label\n3.4e38,a\n-3.4e38,b\n1e39,a\n")
    table("largest-outlier", "x,label\n" + "3e38,a\n3.1e38,b\n" * 10 + "-3e38,a\n")
    table("sep", "sep=;\r\n" + (head + rows).replace(",", ";"))
    table("title", "A table\n" + head + rows)
    table("comment", "# a table\n" + head + rows)
    table("yes-no", head + "yes,2,a\nno,3,b\n")
    table("per-cent", head + "1%,2,a\n2%,3,b\n")
    table("dates", head + "2020-01-02,2,a\n2020-01-03,3,b\n")
    table("blank-before-quote", head + '1, "2","a"\n')
    table("pair", head + rows + "\0" + head + rows)
    table("pair-by-name", head + rows + "\0label,z,y,x\na,0,1,2\nb,0,3,4\n")
    table("pair-no-names", head + rows + "\0" + rows)
    table("pair-other-class", rows + "\0" + rows + "1,2,c\n")
    table("pair-missing-column", head + rows + "\0x,label\n1,a\n")
    table("pair-other-form", head + rows + "\0" + (head + rows).replace(",", ";"))


def put_npy():
    pixels, more = npy("'|u1'", "(4, 2, 2, 3)", range(48)), npy("'|u1'", "(2, 2, 2, 3)", range(24))
    labels, two = npy("'<i8'", "(4,)", struct.pack("<4q", 0, 1, 1, 0)), npy("'|u1'", "(2, 1)", [1, 0])
    floats = npy("'<f4'", "(4, 2, 2)", struct.pack("<16f", *range(16)))
    table = npy("'>f8'", "(4, 2)", struct.pack(">8d", *[1.7e9 + row / 8 for row in range(8)]))
    bytes_table = npy("'|u1'", "(4, 2)", range(8))
    put("npy", "floats", npy("'<f4'", "(2, 3)", bytes(24)))
    put("npy", "doubles", npy("'>f8'", "(1, 2, 2)", bytes(32)))
    put("npy", "labels", npy("'<i8'", "(3,)", bytes(24), version=2))
    put("npy", "words", npy("'<U2'", "(2,)", bytes(16)))
    put("npy", "one-hot", npy("'<f4'", "(2, 2)", struct.pack("<4f", 1, 0, 0, 1)))
    put("npy", "pixels", pixels)
    put("npy", "folder-pixels", pixels + labels + more + two)
    put("npy", "folder-floats", floats + labels)
    put("npy", "folder-mixed", npy("'|u1'", "(4, 2, 2)", range(16)) + labels + floats + labels)
    put("npy", "folder-bits", npy("'|b1'", "(4, 2, 2)", [0, 1] * 8) + labels)
    put("npy", "folder-table", table + labels)
    put("npy", "folder-bytes", bytes_table + labels + table + labels)


def put_images():
    def image(name, contents, size=0):
        put("image", name, bytes([size]) + contents)

    image("rgb", png(2, 2, 2, 8, b"\0" + bytes(6) + b"\1" + bytes(6)))
    image("rgb-resized", png(2, 2, 2, 8, b"\0" + bytes(6) + b"\1" + bytes(6)), 0x53)
    image("grey16", png(2, 1, 0, 16, b"\0" + bytes(4)))
    image("palette", png(3, 1, 3, 2, b"\0\x1b", palette=bytes(12)))
    image("interlaced", png(2, 2, 6, 8, (b"\0" + bytes(4)) * 2 + b"\0" + bytes(8), interlace=1))
    for name, text in IMAGES.items():
        image(name, base64.b64decode(text))
        image(name + "-cropped", base64.b64decode(text), 0x37)
        image(name + "-cut", base64.b64decode(text)[:-9])
    jpeg = base64.b64decode(IMAGES["jpeg"])
    image("turned", turned(jpeg, 6))
    image("mirrored", turned(base64.b64decode(IMAGES["progressive"]), 5, "<"), 0x42)
    image("bmp24", bmp(24, b"", bytes(range(16))))
    image("bmp32", bmp(32, b"", bytes(range(16))), 0x12)
    image("bmp8", bmp(8, bytes(range(16)), bytes([0, 1, 0, 0, 2, 3, 0, 0])))
    image("bmp1", bmp(1, bytes(8), bytes([64, 0, 0, 0, 128, 0, 0, 0])))
    image("bmp-runs", bmp(8, bytes(range(16)), bytes([2, 1, 0, 0, 0, 2, 1, 0, 1, 3, 0, 1]), compression=1))
    image("bmp-runs4", bmp(4, bytes(range(64)), bytes([2, 0x12, 0, 0, 0, 3, 0x12, 0x10, 0, 1]), compression=2))


def put_tensors():
    one = '"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}'
    two = '"y":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}'
    put("tensors", "one", tensors("{" + one + "}", 8))
    put("tensors", "two", tensors('{"__metadata__":{"k":"v"},' + one + "," + two + "}  ", 16))
    put("tensors", "twice", tensors("{" + one + "," + one + "}", 8))


def put_config():
    default = (HERE.parent / "config.toml").read_text()
    lines = [line for line in default.splitlines() if line and line[0] != "#"]
    put("config", "default", "".join(line + "\n" for line in lines).encode())
    sets = [
        'data.augment=["flip", "crop 4", "cutout 8"]',
        "model.layers=linear 5, relu, linear 10",
        "model.layers=conv 8 3x3 pad 1, batchnorm, ReLU, global_avgpool, linear classes",
        "model.layers=dense 64, 64, softmax",
        "model.layers=conv 8 3x3, residual [conv 8 3x3 pad 1, relu], maxpool 2, flatten, dropout 0.5, linear 3",
        "data.image_size=48x64",
        "data.leave_out=id, 3",
        "data.label_column=y",
        "data.header=yes",
        "data.test_share=0.25",
        "lr=1e-3",
        "batch-size=32",
        "epochs=2",
        "run.steps=100",
        "data=../wine.csv",
        "optimizer.lr",
        "schedule",
    ]
    for number, line in enumerate(sets):
        put("config", f"set{number}", line.encode())


def main():
    put_idx()
    put_cifar_and_tar()
    put_csv()
    put_npy()
    put_images()
    put_tensors()
    put_config()
    folder = HERE / "dictionaries"
    folder.mkdir(exist_ok=True)
    for target, words in WORDS.items():
        quoted = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words)
        (folder / target).write_text("".join(f'"{word}"\n' for word in quoted))


if __name__ == "__main__":
    main()
