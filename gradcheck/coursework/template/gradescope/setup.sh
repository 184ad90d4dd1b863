#!/usr/bin/env bash
# Run once, when the image is made.
set -euo pipefail
apt-get update -q
apt-get install -y -q --no-install-recommends bubblewrap python3 python3-venv
python=python3
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    python=python3.11  # which Ubuntu 22.04 has beside its own
    apt-get install -y -q --no-install-recommends python3.11 python3.11-venv
fi
# Where every user can read it: a submission is run by the same interpreter.
"$python" -m venv /opt/gradcheck
/opt/gradcheck/bin/pip install -q gradcheck
