#!/usr/bin/env bash
# Runs the tests of files that other programs write or read, or those with WORD in their names:
# tests/interop/run.sh [--all] BINARY [WORD]
#
# Their libraries are installed once, in a virtual environment outside of the tree. With --all PyTorch (6 GB) is
# installed there too, and Chromium where apt-get can install it. The tests say what they could not try without them.
# Without BINARY it only installs.
set -euo pipefail
all=""
if [ "${1:-}" = --all ]; then
    all=yes
    shift
fi
here="$(cd "$(dirname "$0")" && pwd)"
environment="${XDG_CACHE_HOME:-$HOME/.cache}/gradtop-interop"
python="$environment/bin/python"
mkdir -p "$environment"

# Two runs do not install at once.
if command -v flock > /dev/null; then
    exec 9> "$environment/lock"
    flock 9
fi

# install REQUIREMENTS installs what the file lists, unless that is what was installed last, for this Python.
install() {
    local installed wanted
    installed="$environment/$(basename "$1")"
    wanted="$(python3 --version && cat "$1")"
    if [ "$wanted" = "$(cat "$installed" 2> /dev/null)" ]; then
        return
    fi
    if python3 -m venv "$environment"; then
        "$python" -m pip install --quiet --no-cache-dir --disable-pip-version-check -r "$1" || return
    else
        echo "no python3-venv: installing into a folder instead"
        python3 -m pip install --quiet --no-cache-dir --disable-pip-version-check --upgrade --target "$environment/packages" -r "$1" || return
    fi
    echo "$wanted" > "$installed"
}

install_chromium() {
    for browser in chromium chromium-browser google-chrome google-chrome-stable chrome-headless-shell; do
        if command -v "$browser" > /dev/null; then return; fi
    done
    local as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
    # Lists of packages that are old can name files that are gone.
    "${as_root[@]}" apt-get update -qq &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
}

install "$here/requirements.txt"
if [ "$all" ]; then
    install "$here/requirements-torch.txt" || echo "PyTorch could not be installed"
    timeout 300 bash -c "$(declare -f install_chromium); install_chromium" > "$environment/chromium.log" 2>&1 ||
        { tail -n 3 "$environment/chromium.log"; echo "Chromium could not be installed"; }
fi
exec 9>&-
if [ $# = 0 ]; then exit; fi
binary="$(realpath "$1")"
if [ -d "$environment/packages" ]; then
    python=python3
    export PYTHONPATH="$environment/packages"
fi
for file in interop recorded pytorch; do
    "$python" "$here/$file.py" "$binary" "${@:2}"
done
