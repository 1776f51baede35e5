"""Trains the default run and every preset, and compares what the health rules find with what is known to be true.

    cargo build --release && python3 tests/health/alarms.py target/release/gradtop

Runs on built-in data are trained with five seeds; those on CIFAR-10 once and shortened, on images made here that have
a pattern for each class. A finding that EXPECTED does not know is a false alarm, a required one that is missing a
trouble that was overlooked; either fails. A run that is too short to judge is a finding, too. Each
example of docs/health.md is run and has to find what its row names. `--only WORD` runs those whose name has the word.
"""

import argparse
import concurrent.futures
import json
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile

SEEDS = range(5)

# Runs on data that come with the program, and what a run is told besides its preset.
BUILT_IN = {"default": [], "spirals": [], "moons": [], "circles": [], "xor": []}

# Runs on CIFAR-10, shortened. Where an epoch has few minibatches, the probe looks at every second one.
MLP = ["--steps", "400"]
CONVOLUTIONS = ["--steps", "60", "--set", "run.probe_every=2"]
CIFAR = {
    "mlp-10": MLP,
    "mlp-100": MLP,
    "mlp-200": MLP,
    "mlp-80-50": MLP,
    "torch-mlp-10": MLP,
    "torch-mlp-100": MLP,
    "torch-mlp-200": MLP,
    "torch-mlp-300": MLP,
    "torch-mlp-80-50": MLP,
    "torch-mlp-500-300": MLP,
    "torch-mlp-300-adam": MLP,
    "torch-mlp-500-300-adam": MLP,
    "torch-mlp-600-300-100-adam": MLP,
    "mlp-tuned": ["--steps", "120"],
    "cnn": CONVOLUTIONS,
    "resnet": CONVOLUTIONS,
    "sprint": CONVOLUTIONS,
}

# What is true of a run: findings that it must have, and others that it may have, with the reason.
EXPECTED = {
    # 20 epochs of 10,000 images: the test loss rises for the second half while the training loss goes on to fall.
    "default": {"required": [], "allowed": ["the network overfits"]},
    # SGD 1e-5 from weights of 1e-4: two layers get no gradient and the loss stays at ln 10.
    "mlp-80-50": {
        "required": ["the gradient vanishes before it reaches layer 0", "the loss is (no|hardly) better than chance"],
        "allowed": ["the gradient vanishes", "of the test samples are taken for"],
    },
    # The same rate from usual weights: 23 % after 1,500 minibatches, where SGD 2e-3 gets twice that.
    "torch-mlp-80-50": {"required": [], "allowed": ["each update changes layer . by only"]},
}


# What each rule of docs/health.md says.
FINDINGS = {
    "mostly dead": r"^(9[1-9]|100) % of the units",
    "huge updates": r"^each update changes layer \d+ by [\de.]{3,} % of its weights",
    "vanishing gradient": "the gradient vanishes",
    "exploding gradient": "the gradient explodes",
    "many dead": r"^[5-9]\d % of the units",
    "large updates": r"^each update changes layer \d+ by [\d.]{2,} % of its weights",
    "tiny updates": r"^each update changes layer \d+ by only",
    "loss at chance": "chance: ",
    "exploding": r"^the loss explodes",
    "spike": r"^the (loss|gradient norm) of minibatch",
    "not finite": "its update was left out",
    "too short to judge the layers": "too short to tell how its layers do",
    "too short to judge the loss": "too short to tell whether it learns",
    "overfitting": "the network overfits",
    "one class predicted": "of the test samples are taken for",
}
RULES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "health.md"


def examples():
    """The name of each rule and the arguments of its example."""
    rows = re.findall(r"^\| \*\*(.+?)\*\* \|.*\| `(.+?)` \|", RULES.read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == list(FINDINGS), rows
    return [(name, shlex.split(arguments)) for name, arguments in rows]


def write_cifar(folder, images=400):
    """CIFAR-10's files: a brightness of each image, stripes of a width and direction of its class, noise."""
    draw = random.Random(1)
    stripes = []
    for label in range(10):
        width, across = 2 + label % 5, label >= 5
        rows = [[40 * (((x if across else y) // width) % 2) for x in range(32)] for y in range(32)]
        stripes.append([value for _ in range(3) for row in rows for value in row])
    noise_table = bytes(value * 120 // 255 for value in range(256))
    for name in [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]:
        records = bytearray()
        for image in range(images):
            label, light = image % 10, draw.randrange(96)
            noise = draw.randbytes(3072).translate(noise_table)
            records.append(label)
            records.extend(light + a + b for a, b in zip(stripes[label], noise))
        (folder / name).write_bytes(records)


def findings_of(gradtop, arguments):
    """What the rules say of a run, and why it failed if it did."""
    command = [gradtop, "train", "--json", "--no-record", "--threads", "1", *arguments]
    run = subprocess.run(command, capture_output=True, text=True)
    events = [json.loads(line) for line in run.stdout.splitlines()]
    found = [(event["step"], event["what"]) for event in events if event["event"] == "finding"]
    if run.returncode != 0:
        found.append((0, run.stderr.strip()))
    return found


def check(name, found):
    """What is wrong with the findings of a run."""
    if name in FINDINGS:
        return [] if any(re.search(FINDINGS[name], what) for _, what in found) else [f"not found, but {found}"]
    expected = EXPECTED.get(name, {"required": [], "allowed": []})
    known = expected["required"] + expected["allowed"]
    wrong = [f"false alarm at step {step}: {what}" for step, what in found if not any(re.search(k, what) for k in known)]
    for required in expected["required"]:
        if not any(re.search(required, what) for _, what in found):
            wrong.append(f"overlooked: {required}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gradtop", help="the program, built for release")
    parser.add_argument("--only", default="", help="train only the runs whose name has this word")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    options = parser.parse_args()
    listed = subprocess.run([options.gradtop, "presets"], capture_output=True, text=True, check=True).stdout
    presets = set(re.findall(r"^  ([a-z0-9-]+)(?: |$)", listed, re.MULTILINE))
    unknown = presets ^ (BUILT_IN.keys() | CIFAR.keys()) - {"default"}
    assert not unknown, f"not the presets of the program: {unknown}"
    with tempfile.TemporaryDirectory() as folder:
        write_cifar(pathlib.Path(folder))
        runs = []
        for name, more in BUILT_IN.items():
            preset = [] if name == "default" else ["--preset", name]
            runs += [(name, f"seed {seed}", [*preset, "--seed", str(seed), *more]) for seed in SEEDS]
        runs += [(name, "shortened", ["--preset", name, "--data", folder, *more]) for name, more in CIFAR.items()]
        runs += [(name, "example", arguments) for name, arguments in examples()]
        runs = [run for run in runs if options.only in run[0]]
        failed = 0
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            results = pool.map(lambda run: findings_of(options.gradtop, run[2]), runs)
            for (name, which, _), found in zip(runs, results):
                wrong = check(name, found)
                failed += bool(wrong)
                print(f"{'FAILED' if wrong else 'ok':6} {name} ({which}): {len(found)} findings", flush=True)
                for line in wrong:
                    print(f"       {line}")
        print(f"{len(runs) - failed} of {len(runs)} runs as expected")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
