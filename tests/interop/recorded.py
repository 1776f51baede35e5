"""Runs that gradtop records, read by TensorBoard, NumPy, pandas and a browser; `pytorch.py` reads their weights.

    recorded.py BINARY [WORD]

NumPy computes with the weights, whose names and shapes are compared with those that PyTorch has. A browser is used if
there is one; if not, that is said.
"""

import json
import math
import shutil
import subprocess
import xml.etree.ElementTree
from html.parser import HTMLParser
from pathlib import Path

import numpy
import pandas
from safetensors.numpy import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from interop import main, output, wine

LAYERS = "linear 8, batchnorm, relu, linear classes"

# The names that PyTorch gives nn.Sequential(Linear(13, 8), BatchNorm1d(8), ReLU(), Linear(8, 3)), with their shapes.
PYTORCH_SHAPES = {
    "0.weight": (8, 13),
    "0.bias": (8,),
    "1.weight": (8,),
    "1.bias": (8,),
    "1.running_mean": (8,),
    "1.running_var": (8,),
    "1.num_batches_tracked": (),
    "3.weight": (3, 8),
    "3.bias": (3,),
}

BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell"]


def train(*arguments, folder="runs", layers=LAYERS):
    """What a short recorded run on the wines prints, and the folder of the run."""
    if not Path("wine").exists():
        Path("wine").mkdir()
        shuffled = wine().sample(frac=1.0, random_state=1)
        shuffled[:120].to_csv("wine/train.csv", index=False)
        shuffled[120:].to_csv("wine/test.csv", index=False)
    words = ["--headless", "--data", "wine", "--layers", layers, "--set", f"run.directory={folder}", *arguments]
    printed = output("train", *words)
    [run] = Path(folder).iterdir()
    return printed, run


def export(run):
    """The JSON object of a run."""
    output("export", run, "--json", "exported.json", "--force")
    return json.loads(Path("exported.json").read_text())


def events(run):
    """Everything that TensorBoard sees of a run."""
    sizes = {"scalars": 0, "histograms": 0, "tensors": 0}
    return EventAccumulator(str(run), size_guidance=sizes).Reload()


def same(a, b):
    """Whether two numbers of 32 bits are the same, not being a number included."""
    return numpy.float32(a) == numpy.float32(b) or (math.isnan(a) and math.isnan(b))


def test_tensorboard_reads_what_was_measured():
    _, run = train("--epochs", "12")
    found = events(run)
    tags = found.Tags()
    for tag in [
        "train/loss",
        "train/accuracy",
        "learning_rate",
        "test/loss",
        "test/accuracy",
        "layer/0/gradient_norm",
        "layer/3/update_ratio",
    ]:
        assert tag in tags["scalars"], f"{tag}: {tags['scalars']}"
    for tag in ["layer/0.weight/weights", "layer/3.bias/weights"]:
        assert tag in tags["histograms"], f"{tag}: {tags['histograms']}"
    scalars = export(run)["scalars"]
    assert sorted(scalars) == sorted(tags["scalars"])
    for tag, points in scalars.items():
        logged = found.Scalars(tag)
        assert [value.step for value in logged] == [step for step, _ in points], tag
        assert all(same(value.value, float(point)) for value, (_, point) in zip(logged, points)), tag
    histogram = found.Histograms("layer/0.weight/weights")[-1].histogram_value
    assert histogram.num == 8 * 13 and sum(histogram.bucket) == histogram.num
    assert histogram.min <= histogram.bucket_limit[-1] and histogram.min < histogram.max


def test_tensorboard_reads_findings():
    # At such a rate all units die.
    layers = "linear 8, relu, linear 4, relu, linear classes"
    goes_on = ["--set", "run.probe_every=1", "--set", 'health.stop=["not_finite"]']
    _, run = train("--epochs", "60", "--lr", "1e3", *goes_on, layers=layers)
    found = events(run)
    findings = found.PluginTagToContent("text")
    texts = [value.tensor_proto.string_val[0].decode() for tag in findings for value in found.Tensors(tag)]
    assert any(tag.startswith("finding/") for tag in findings) and all(texts), findings
    assert any("dead" in text for text in texts), texts
    exported = export(run)["findings"]
    assert sorted(text.split("\n")[0] for text in texts) == sorted(finding["what"] for finding in exported)


def test_a_resumed_run_is_one_run_for_tensorboard():
    _, run = train("--epochs", "12", "--steps", "10")
    output("resume", run, "--headless")
    assert len(list(run.glob("events.out.tfevents.*"))) == 2
    steps = [value.step for value in events(run).Scalars("train/loss")]
    assert steps == list(range(1, len(steps) + 1)) and steps[-1] > 10, steps
    assert [step for step, _ in export(run)["scalars"]["train/loss"]] == steps


def test_a_log_that_was_cut_is_read_up_to_there():
    _, run = train("--epochs", "12")
    [log] = run.glob("events.out.tfevents.*")
    whole = len(events(run).Scalars("train/loss"))
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
    left = events(run).Scalars("train/loss")
    assert 0 < len(left) < whole
    exported = export(run)
    assert [step for step, _ in exported["scalars"]["train/loss"]] == [value.step for value in left]
    assert any("within a record" in note for note in exported["notes"]), exported["notes"]


def weights_of(run):
    """The file of weights of the newest checkpoint."""
    return sorted(run.glob("checkpoints/*/weights.safetensors"))[-1]


def samples_for_test(run):
    """The test samples of the wines as the network sees them, and their classes."""
    data = json.loads((run / "ready.json").read_text())["data"]
    frame = pandas.read_csv("wine/test.csv")
    columns = [column["name"] for column in data["columns"]]
    values = frame[columns].to_numpy()
    offset = numpy.array([column["offset"] for column in data["columns"]])
    scale = numpy.array([column["scale"] for column in data["columns"]])
    labels = [data["classes"].index(str(target)) for target in frame["target"]]
    return ((values - offset) / scale).astype(numpy.float32), numpy.array(labels)


def accuracy_of(logits, labels):
    """The share of samples whose largest output is that of their class."""
    return (logits.argmax(axis=1) == labels).mean()


def test_numpy_reaches_the_recorded_accuracy_with_the_weights():
    for name, arguments in {"plain": [], "averaged": ["--set", "optimizer.ema=0.9"]}.items():
        _, run = train("--epochs", "12", "--lr", "0.01", *arguments, folder=name)
        weights = load_file(weights_of(run))
        assert {key: value.shape for key, value in weights.items()} == PYTORCH_SHAPES
        assert weights["1.num_batches_tracked"] == export(run)["state"]["step"]
        x, labels = samples_for_test(run)
        hidden = x @ weights["0.weight"].T + weights["0.bias"]
        deviation = numpy.sqrt(weights["1.running_var"] + 1e-5)
        hidden = (hidden - weights["1.running_mean"]) / deviation * weights["1.weight"] + weights["1.bias"]
        logits = numpy.maximum(hidden, 0) @ weights["3.weight"].T + weights["3.bias"]
        state = export(run)["state"]["last_evaluation"]
        assert state["samples"] == len(labels) and state["accuracy"] > 0.5, state
        assert abs(accuracy_of(logits, labels) - state["accuracy"]) < 1e-9, name
        shifted = logits - logits.max(axis=1, keepdims=True)
        losses = numpy.log(numpy.exp(shifted).sum(axis=1)) - shifted[numpy.arange(len(labels)), labels]
        assert abs(losses.mean() - state["loss"]) < 1e-4, name


def test_pandas_reads_the_table():
    _, run = train("--epochs", "12")
    output("export", run, "--csv", "run.csv")
    frame = pandas.read_csv("run.csv", index_col="step")
    scalars = export(run)["scalars"]
    assert list(frame.columns) == list(scalars)
    for tag, points in scalars.items():
        column = frame[tag].dropna()
        assert list(column.index) == [step for step, _ in points], tag
        assert all(same(a, float(b)) for a, (_, b) in zip(column, points)), tag


class PageReader(HTMLParser):
    """Reads a page: whether its elements are closed, what it loads, and the pictures in it."""

    def __init__(self, page):
        super().__init__()
        self.open, self.loaded, self.names = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        self.loaded += [value for name, value in attributes if name in ("src", "href", "srcset", "data", "xlink:href")]
        self.names += [value for name, value in attributes if name == "id"]

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


def test_a_page_is_whole_and_loads_nothing():
    _, run = train("--epochs", "12", "--set", "run.name=\"<script>alert(1)</script> & co\"")
    output("export", run, "--html", "run.html", "--svg", "run.svg")
    page = Path("run.html").read_text()
    read = PageReader(page)
    # Pictures of samples stand in the page itself.
    assert all(address.startswith("data:image/png;base64,") for address in read.loaded), read.loaded
    assert read.open == [] and "<script" not in page
    assert len(set(read.names)) == len(read.names) > 1, read.names
    inside = ["<svg" + rest.split("</svg>")[0] + "</svg>" for rest in page.split("<svg")[1:]]
    for picture in [Path("run.svg").read_text(), *inside]:
        assert xml.etree.ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"


def test_a_browser_shows_the_page():
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"NOT TRIED: none of {', '.join(BROWSERS)} is installed here")
        return
    _, run = train("--epochs", "12")
    output("export", run, "--html", "run.html")
    # Chromium runs as root only without its sandbox. Whatever the page asks for outside fails at once.
    words = ["--headless", "--disable-gpu", "--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"]
    address = Path("run.html").absolute().as_uri()
    done = subprocess.run([browser, *words, "--dump-dom", address], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Test accuracy" in done.stdout and done.stdout.count("<svg") == 2, done.stdout[:500]
    assert "CONSOLE" not in done.stderr, done.stderr
    subprocess.run([browser, *words, "--screenshot=run.png", address], capture_output=True, timeout=120, check=True)
    assert Path("run.png").stat().st_size > 10_000


if __name__ == "__main__":
    main(globals())
