"""The users that submissions run as, and what is left of their processes."""

import os
import time

import pytest

from gradcheck.coursework import users

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may run as another user"
)


def leave_some():
    """Two processes that end, and two that do not, with nobody to wait for them."""
    for number in range(4):
        if os.fork() == 0:
            time.sleep(60 * (number % 2))
            os._exit(0)


def test_nothing_of_a_user_is_left_not_even_what_has_ended():
    # Where the first process of a container waits for none, each would count for good.
    uid = users.own_user()
    users.adopt_orphans()
    submission = os.fork()
    if submission == 0:
        os.setresuid(uid, uid, uid)
        leave_some()
        os._exit(0)
    os.waitpid(submission, 0)
    assert users._processes_of(uid)
    users.clean_after(uid)
    assert users._processes_of(uid) == []
