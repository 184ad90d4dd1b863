"""Files are there whole or not at all, and what cannot be written is said."""

import errno
import os
import sys

import pytest

from gradcheck.coursework.whole_files import sweep, write_whole
from gradcheck.errors import InputError


def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "new" / "a.json"
    for data in (b"first", b"second"):
        write_whole(path, data)
        assert path.read_bytes() == data
    with pytest.raises(TypeError):
        write_whole(path, "no bytes")
    assert path.read_bytes() == b"second"
    assert [one.name for one in path.parent.iterdir()] == ["a.json"]


def test_a_disk_that_is_full_is_said_to_be(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"a\.json cannot be written: No space left on device"):
        write_whole(tmp_path / "a.json", b"x")
    assert not list(tmp_path.iterdir())
    (tmp_path / "a.json").touch()
    with pytest.raises(InputError, match=r"b\.json cannot be written: "):
        write_whole(tmp_path / "a.json" / "b.json", b"x")


def test_what_was_begun_is_swept_and_nothing_else(tmp_path):
    for name in (".part-1", ".other", "part-2"):
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".other", "part-2"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_that_lies_there_is_replaced_and_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_text("untouched")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_whole(link, b"x")
    assert target.read_text() == "untouched"
    assert not link.is_symlink()
    assert link.stat().st_mode & 0o777 == 0o644
