"""The README's blocks of output come from its commands: run again, and compared.

``python -m tests.end_to_end.test_readme`` writes the output into both READMEs.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")
BLOCK = re.compile(r"```console\n\$ (gradcheck [^\n]*)\n(.*?)```", re.DOTALL)
FILE = re.compile(r"```python\n# ((?:\w+/)?\w+\.py)\n(.*?)```", re.DOTALL)


def outputs(text):
    """The output of every command of a README, run on the files that it shows, as into a file."""
    inherited = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with tempfile.TemporaryDirectory() as folder:
        for name, source in FILE.findall(text):
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"# {name}\n{source}", encoding="utf-8")
        for command, _ in BLOCK.findall(text):
            result = subprocess.run(
                [sys.executable, "-m", *command.split()],
                cwd=folder,
                capture_output=True,
                encoding="utf-8",
                env={**inherited, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C"},
                timeout=120,
                check=False,
            )
            yield command, result.stdout + result.stderr


@pytest.mark.parametrize("readme", READMES)
def test_the_shown_output_is_what_the_commands_print(readme):
    text = (ROOT / readme).read_text(encoding="utf-8")
    shown = [output for _, output in BLOCK.findall(text)]
    assert shown
    assert shown == [output for _, output in outputs(text)]


@pytest.mark.parametrize("readme", READMES)
def test_both_readmes_hold_the_two_commands(readme):
    text = (ROOT / readme).read_text(encoding="utf-8")
    for title in ("# check the derivations", "# run the tests"):
        assert text.count(f"```sh\n{title}\n") == 1


def main():
    for readme in READMES:
        path = ROOT / readme
        text = path.read_text(encoding="utf-8")
        made = iter(list(outputs(text)))

        def written(match, made=made):
            command, output = next(made)
            return f"```console\n$ {command}\n{output}```"

        path.write_text(BLOCK.sub(written, text), encoding="utf-8")


if __name__ == "__main__":
    main()
