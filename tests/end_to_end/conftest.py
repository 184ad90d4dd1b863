"""A folder of files for a real process to run on."""

import textwrap

import pytest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "derivations").mkdir()

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")

    write.path = tmp_path
    return write
