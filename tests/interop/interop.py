"""Files that pandas, NumPy, scikit-learn and Pillow write, read and trained by gradtop.

    interop.py BINARY [WORD]

Every function `test_…` below, or those with WORD in their names, is run in a new folder; status 1 if one fails.
`run.sh` installs the libraries.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy
import pandas
import sklearn.datasets
from PIL import Image, ImageOps

# Levels from 0 to 255 by which the mean of a channel may differ between two decoders of JPEG or lossy WebP.
MAX_LEVEL_DIFFERENCE = 0.5

BINARY = Path(sys.argv[1]).resolve()


def run(*arguments):
    """The exit status, standard output and standard error of a run of gradtop."""
    words = [str(argument) for argument in arguments]
    done = subprocess.run([BINARY, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def output(*arguments):
    """What a run prints that succeeds."""
    status, out, err = run(*arguments)
    assert status == 0, f"gradtop {arguments} ended with status {status}: {err}"
    return out


def complaint(*arguments):
    """What a run says that refuses its input; there is no other output."""
    status, out, err = run(*arguments)
    assert status == 2 and out == "", f"gradtop {arguments} ended with status {status}: {out}{err}"
    return err


def accuracy(text):
    """The test accuracy in percent at the end of a headless run."""
    return float(re.search(r"^test +accuracy ([0-9.]+) %", text, re.MULTILINE)[1])


def fingerprint(*arguments):
    """The SHA-256 of the weights after a short run."""
    short_run = ["--layers", "linear 6, tanh, linear classes", "--steps", "20", "--threads", "1"]
    return re.search(r"\b[0-9a-f]{64}\b", output("train", "--headless", *short_run, *arguments))[0]


def summary(path, *arguments):
    """What `gradtop data --json` says of values as they are in the file."""
    return json.loads(output("data", path, "--json", "--set", "data.preprocessing=none", *arguments))


def notes(path, *arguments):
    """The notes on data: their kinds and texts."""
    return [(note["kind"], note["text"]) for note in summary(path, *arguments)["notes"]]


def has_note(found, kind, *words):
    """Whether a note of this kind has all the words in it."""
    return any(note_kind == kind and all(word in text for word in words) for note_kind, text in found)


def wine():
    """scikit-learn's wines: 178 rows, 13 measurements, the column `target` with three classes."""
    return sklearn.datasets.load_wine(as_frame=True).frame


def test_wine_trains_from_one_flag():
    wine().to_csv("wine.csv", index=False)
    assert notes("wine.csv") == []
    reached = accuracy(output("train", "--headless", "--data", "wine.csv"))
    assert reached >= 90.0, f"{reached} %"


def test_the_index_that_pandas_writes_is_left_out():
    frame = wine()
    frame.to_csv("plain.csv", index=False)
    frame.to_csv("index.csv")
    assert has_note(notes("index.csv"), "left_out", "index.csv", "column 0")
    assert summary("index.csv")["columns"] == list(frame.columns[:-1])
    assert fingerprint("--data", "index.csv") == fingerprint("--data", "plain.csv")
    # An index with a name is a column as any other; that it only grows from row to row is said.
    frame.rename_axis("id").to_csv("named.csv")
    assert has_note(notes("named.csv"), "suspicious", "(id)", "data.leave_out=id")
    assert fingerprint("--data", "named.csv", "--set", "data.leave_out=id") == fingerprint("--data", "plain.csv")


def test_separators_and_decimal_commas_change_nothing():
    frame = wine()
    frame.to_csv("plain.csv", index=False)
    expected = fingerprint("--data", "plain.csv")
    forms = {"comma": {"sep": ";", "decimal": ","}, "semicolon": {"sep": ";"}, "tab": {"sep": "\t"}, "bar": {"sep": "|"}}
    for name, form in forms.items():
        path = f"{name}.csv"
        frame.to_csv(path, index=False, **form)
        assert fingerprint("--data", path) == expected, name
        assert has_note(notes(path), "assumed", "separated by"), name
    assert has_note(notes("comma.csv"), "assumed", "semicolons", "decimal comma")
    ends = {"crlf": {"lineterminator": "\r\n"}, "cr": {"lineterminator": "\r"}, "marked": {"encoding": "utf-8-sig"}}
    for name, form in ends.items():
        path = f"{name}.csv"
        frame.to_csv(path, index=False, **form)
        assert fingerprint("--data", path) == expected and notes(path) == [], name
    frame.to_csv("wide.csv", index=False, encoding="utf-16")
    assert "UTF-16" in complaint("data", "wide.csv")


def test_quoted_fields_and_names_are_kept():
    frame = pandas.DataFrame({'width, in "cm"': [1.5, 2.5] * 10, "größe": [0, 1] * 10, "Art": ["a, b", 'say "c"'] * 10})
    frame.to_csv("quoted.csv", index=False, quoting=2)
    found = summary("quoted.csv")
    assert found["columns"] == ['width, in "cm"', "größe"]
    assert found["classes"] == ["a, b", 'say "c"'] and notes("quoted.csv") == []
    frame["Art"] = ["two\nlines", "one"] * 10
    frame.to_csv("broken.csv", index=False)
    assert "line break" in complaint("data", "broken.csv")


def test_label_columns():
    frame = wine()
    first = frame[["target", *frame.columns[:-1]]]
    first.to_csv("first.csv", index=False)
    frame.to_csv("last.csv", index=False)
    assert has_note(notes("first.csv"), "assumed", "column 0 (target)", "label")
    assert fingerprint("--data", "first.csv") == fingerprint("--data", "last.csv")
    frame.assign(target=frame.target.astype(float)).to_csv("float.csv", index=False)
    assert fingerprint("--data", "float.csv") == fingerprint("--data", "last.csv")
    # Booleans are two words.
    frame.assign(target=frame.target == 0).to_csv("boolean.csv", index=False)
    assert summary("boolean.csv")["classes"] == ["False", "True"]
    # An array without names has its columns counted by pandas.
    pandas.DataFrame(frame.to_numpy()).to_csv("counted.csv", index=False)
    assert has_note(notes("counted.csv"), "assumed", "0, 1, 2")
    assert fingerprint("--data", "counted.csv") == fingerprint("--data", "last.csv")
    # What is to be predicted is a quantity here.
    regression = sklearn.datasets.load_diabetes(as_frame=True).frame
    regression.to_csv("regression.csv", index=False)
    assert "regression" in complaint("train", "--headless", "--data", "regression.csv")


def test_missing_values_and_words_are_refused_with_their_line():
    for column, word in [("ash", "column 2 (ash)"), ("target", "label")]:
        for name, representation in {"empty": "", "nan": "NaN", "na": "NA", "null": "null", "question": "?"}.items():
            frame = wine().astype(object)
            frame.loc[4, column] = None
            frame.to_csv(f"{name}.csv", index=False, na_rep=representation)
            said = complaint("data", f"{name}.csv")
            assert f"{name}.csv, line 6: " in said and word in said, said
    frame = wine().assign(region=["north", "south"] * 89)
    frame[["region", *wine().columns]].to_csv("words.csv", index=False)
    said = complaint("data", "words.csv")
    assert "line 2" in said and "column 0 (region)" in said and "data.leave_out=region" in said, said
    assert summary("words.csv", "--set", "data.leave_out=region")["columns"] == list(wine().columns[:-1])
    wine().assign(ash=numpy.inf).to_csv("infinite.csv", index=False)
    assert "not finite" in complaint("data", "infinite.csv")


def test_a_test_table_is_matched_by_names():
    frame = wine()
    shuffled = frame.sample(frac=1.0, random_state=1)
    train, test = shuffled[:140], shuffled[140:]
    for folder in ["same", "turned"]:
        os.mkdir(folder)
        train.to_csv(f"{folder}/train.csv", index=False)
    test.to_csv("same/test.csv", index=False)
    test[test.columns[::-1]].to_csv("turned/test.csv", index=False)
    assert summary("turned")["test"] == summary("same")["test"]
    os.mkdir("renamed")
    train.to_csv("renamed/train.csv", index=False)
    test.rename(columns={"ash": "Ash"}).to_csv("renamed/test.csv", index=False)
    said = complaint("data", "renamed")
    assert '"ash"' in said and "Ash" in said, said


def test_the_type_of_numbers_decides_nothing():
    random = numpy.random.default_rng(1)
    labels = numpy.arange(120) % 3
    table = (random.integers(0, 40, (120, 5)) + 30 * labels[:, None]).astype(numpy.int64)
    expected = None
    for kind in ["uint8", "int16", "int64", "float32", "float64", ">i4", ">f8"]:
        folder = Path(kind.replace(">", "big_"))
        folder.mkdir()
        numpy.save(folder / "train_x.npy", table.astype(kind))
        numpy.save(folder / "train_y.npy", labels.astype("uint8" if kind.startswith("f") else "int64"))
        found = fingerprint("--data", folder)
        expected = expected or found
        assert found == expected, kind
    rows = numpy.column_stack([table, labels])
    numpy.savetxt("text.csv", rows, delimiter=",", fmt="%d")
    numpy.savetxt("scientific.csv", rows, delimiter=",")
    for path in ["text.csv", "scientific.csv"]:
        assert fingerprint("--data", path) == expected, path


def test_the_type_of_pixels_decides_nothing():
    random = numpy.random.default_rng(2)
    labels = numpy.arange(60) % 2
    images = random.integers(0, 200, (60, 6, 7)) + 40 * labels[:, None, None]
    expected = None
    for kind in ["uint8", "int64", "float32", "float64"]:
        os.mkdir(kind)
        numpy.save(f"{kind}/train_x.npy", images.astype(kind))
        numpy.save(f"{kind}/train_y.npy", labels)
        found = fingerprint("--data", kind)
        expected = expected or found
        assert found == expected, kind


def test_arrays_that_are_refused_say_what_to_save():
    labels = numpy.arange(20) % 2
    table = numpy.arange(60.0).reshape(20, 3)
    one_hot = numpy.eye(2)[labels]
    for name, x, y, words in [
        ("float_labels", table, labels.astype(float), "astype(numpy.int64)"),
        ("one_hot", table, one_hot.astype(int), "argmax(1)"),
        ("words", table, numpy.array(["cat", "dog"])[labels], "return_inverse"),
        ("half", table.astype(numpy.float16), labels, "astype(numpy.float32)"),
        ("fortran", numpy.asfortranarray(table), labels, "ascontiguousarray"),
        ("nan", numpy.where(table == 7, numpy.nan, table), labels, "value 1 of sample 2"),
        ("short", table[:19], labels, "19 samples"),
    ]:
        os.mkdir(name)
        numpy.save(f"{name}/train_x.npy", x)
        numpy.save(f"{name}/train_y.npy", y)
        said = complaint("data", name)
        assert words in said, f"{name}: {said}"


def picture(seed, width=24, height=16):
    """A picture that looks different when it is turned, of squares of 8×8 pixels.

    Those of a JPEG are such squares: what remains of their colours does not depend on the decoder.
    """
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0 : height // 8, 0 : width // 8]
    planes = numpy.stack([x * 1400 / width, y * 1400 / height, (x + y) * 700 / (width + height)], axis=2)
    squares = (planes + random.integers(0, 60, planes.shape)).clip(0, 255).astype(numpy.uint8)
    return Image.fromarray(squares.repeat(8, axis=0).repeat(8, axis=1))


def photograph(seed):
    """A picture without edges but with noise, as photographs have."""
    random = numpy.random.default_rng(seed)
    soft = numpy.asarray(picture(seed).resize((60, 44), Image.Resampling.BICUBIC), dtype=float)
    return Image.fromarray((soft + random.normal(0, 4, soft.shape)).clip(0, 255).astype(numpy.uint8))


def write_classes(folder, pictures, suffix, **options):
    """Writes pictures into the folders of two classes in turn; their paths."""
    paths = []
    for number, image in enumerate(pictures):
        path = Path(folder, ["left", "right"][number % 2], f"{number:02}.{suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, **options)
        paths.append(path)
    return paths


def channel_means(paths):
    """The mean of each channel over pictures of one size, as Pillow sees them."""
    pictures = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in paths]
    return numpy.stack([numpy.asarray(image, dtype=float) for image in pictures]).mean(axis=(0, 1, 2))


def found_means(folder):
    """The mean of each channel over training and test images, as gradtop sees them."""
    found = summary(folder)
    parts = [(part["samples"], [channel["mean"] for channel in part["channels"]]) for part in (found["train"], found["test"])]
    return numpy.average([means for _, means in parts], axis=0, weights=[samples for samples, _ in parts])


def test_pictures_have_the_colours_that_pillow_sees():
    pictures = [photograph(seed) for seed in range(6)]
    for name, suffix, options, tolerance in [
        ("png", "png", {}, 1e-3),
        ("bmp", "bmp", {}, 1e-3),
        ("webp", "webp", {"lossless": True}, 1e-3),
        ("lossy", "webp", {"quality": 90}, MAX_LEVEL_DIFFERENCE),
        ("jpeg", "jpg", {"quality": 90}, MAX_LEVEL_DIFFERENCE),
        ("progressive", "jpeg", {"quality": 90, "progressive": True}, MAX_LEVEL_DIFFERENCE),
        ("fine", "jpg", {"quality": 95, "subsampling": 0}, MAX_LEVEL_DIFFERENCE),
    ]:
        paths = write_classes(name, pictures, suffix, **options)
        difference = numpy.abs(found_means(name) - channel_means(paths)).max()
        assert difference <= tolerance, f"{name}: {difference}"
        assert notes(name) == [], name


def test_pictures_are_turned_as_pillow_turns_them():
    # Bit for bit, which the weights after a few steps show: no pixel is in another place.
    for suffix, kind, options in [
        ("png", "RGB", {}),
        ("webp", "RGB", {"lossless": True}),
        ("jpg", "L", {"quality": 100}),
        ("jpeg", "L", {"quality": 100, "progressive": True}),
    ]:
        seen = set()
        for orientation in [1, 2, 3, 6, 8]:
            exif = Image.Exif()
            exif[0x0112] = orientation
            pictures = [picture(seed).convert(kind) for seed in range(6)]
            tagged, turned = f"{suffix}_{orientation}_tagged", f"{suffix}_{orientation}_turned"
            paths = write_classes(tagged, pictures, suffix, exif=exif, **options)
            write_classes(turned, [ImageOps.exif_transpose(Image.open(path)) for path in paths], "png")
            found = fingerprint("--data", tagged)
            assert found == fingerprint("--data", turned), tagged
            seen.add(found)
        assert len(seen) == 5, "pictures that are turned differently must differ"


def test_pictures_that_end_early_are_refused():
    pictures = [photograph(seed) for seed in range(6)]
    for name, suffix, options in [
        ("jpeg", "jpg", {"quality": 90}),
        ("progressive", "jpg", {"quality": 90, "progressive": True}),
        ("png", "png", {}),
        ("webp", "webp", {}),
        ("bmp", "bmp", {}),
    ]:
        cut = write_classes(name, pictures, suffix, **options)[3]
        whole = cut.read_bytes()
        for length in [len(whole) * 2 // 3, len(whole) - 2]:
            cut.write_bytes(whole[:length])
            said = complaint("data", name)
            assert str(cut) in said and "ends early" in said, f"{name}, {length} of {len(whole)} bytes: {said}"


def test_unusual_pictures_are_read_with_a_word():
    usual = [photograph(seed) for seed in range(6)]
    size = usual[0].size
    deep = Image.fromarray(numpy.arange(size[0] * size[1], dtype=numpy.uint16).reshape(size[::-1]) * 20)
    for name, last, options, kind, words in [
        ("grey", usual[0].convert("L"), {}, "assumed", "grey"),
        ("deep", deep, {}, "left_out", "8 bits"),
        ("clear", Image.new("RGBA", size, (90, 80, 70, 60)), {}, "left_out", "transparent"),
        ("moving", usual[0], {"save_all": True, "append_images": usual[1:3]}, "left_out", "frames"),
    ]:
        write_classes(name, [*usual, last], "png", **options if name == "moving" else {})
        assert has_note(notes(name), kind, words), f"{name}: {notes(name)}"
    write_classes("palette", [image.quantize() for image in usual], "png")
    assert summary("palette")["shape"][0] == 3
    for suffix in ["gif", "tiff"]:
        write_classes("others", usual, suffix)
    write_classes("others", usual, "png")
    assert has_note(notes("others"), "left_out", "6 .gif", "6 .tiff")
    write_classes("sizes", [*usual, usual[0].resize((50, 50))], "png")
    assert "data.image_size" in complaint("data", "sizes")
    assert summary("sizes", "--set", "data.image_size=24x32")["shape"] == [3, 24, 32]


def test_a_folder_of_pictures_trains_from_one_flag():
    random = numpy.random.default_rng(3)
    for name, level in [("dark", 90), ("bright", 165)]:
        Path("shades", name).mkdir(parents=True)
        for number in range(40):
            pixels = random.normal(level, 40, (16, 16, 3)).clip(0, 255).astype(numpy.uint8)
            Image.fromarray(pixels).save(f"shades/{name}/{number}.png")
    reached = accuracy(output("train", "--headless", "--data", "shades"))
    assert reached > 90.0, f"{reached} %"


def main(functions):
    """Runs those of the tests whose names contain the word that was given, or all."""
    word = sys.argv[2] if len(sys.argv) > 2 else ""
    tests = [(name, test) for name, test in functions.items() if name.startswith("test_") and word in name]
    failed = []
    for name, test in tests:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                test()
                outcome = "ok"
            except Exception:
                traceback.print_exc()
                failed.append(name)
                outcome = "FAILED"
            os.chdir("/")
        print(f"{name} … {outcome}, {time.monotonic() - start:.1f} s", flush=True)
    if not tests:
        print(f"no test of {Path(sys.argv[0]).name} has {word!r} in its name")
    if failed:
        sys.exit(f"{len(failed)} of {len(tests)} tests failed: {', '.join(failed)}")


if __name__ == "__main__":
    main(globals())
