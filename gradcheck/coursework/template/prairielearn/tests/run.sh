#!/usr/bin/env bash
# The entry point of the grading container.
set -euo pipefail
mkdir -p /grade/results
chmod 700 /grade/tests /grade/results
# 1 and 3 are marks as well: something was lost, or the teacher is needed.
status=0
gradcheck grade /grade/tests/assignment /grade/student \
    --out /grade/results --format prairielearn --jobs 1 || status=$?
[ "$status" -ne 2 ]
