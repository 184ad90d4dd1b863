#!/usr/bin/env bash
# Run once, when the image is made.
set -euo pipefail
apt-get update -q
apt-get install -y -q --no-install-recommends bubblewrap python3 python3-venv
# Where every user can read it: a submission is run by the same interpreter.
python3 -m venv /opt/gradcheck
/opt/gradcheck/bin/pip install -q gradcheck
