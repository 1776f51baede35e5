#!/usr/bin/env bash
# Runs the tests of files that other programs write or read, or those with WORD in their names:
# tests/interop/run.sh BINARY [WORD]
#
# Their libraries are installed once, in a virtual environment below Cargo's target folder.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
binary="$(realpath "${1:?which binary? tests/interop/run.sh target/debug/gradtop}")"
environment="${CARGO_TARGET_DIR:-$here/../../target}/interop"
requirements="$here/requirements.txt"
python="$environment/bin/python"

# Installed whole if the list that was installed last is this one.
if ! cmp -s "$requirements" "$environment/installed.txt"; then
    mkdir -p "$environment"
    if python3 -m venv "$environment"; then
        "$python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
    else
        echo "no python3-venv: installing into a folder instead"
        python3 -m pip install --quiet --disable-pip-version-check --upgrade --target "$environment/packages" -r "$requirements"
    fi
    cp "$requirements" "$environment/installed.txt"
fi
if [ -d "$environment/packages" ]; then
    python=python3
    export PYTHONPATH="$environment/packages"
fi
"$python" "$here/interop.py" "$binary" "${@:2}"
"$python" "$here/recorded.py" "$binary" "${@:2}"
