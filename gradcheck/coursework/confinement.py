"""What a process may do before it runs what a student wrote: run beside it, by itself.

The namespaces are made from outside; here the process gives up its user, its resources and the
system calls that nothing in a homework needs, for good. It needs Linux and the standard library.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from dataclasses import dataclass
from typing import Any

#: Of `prctl`: be the parent of what descendants leave behind.
PR_SET_CHILD_SUBREAPER = 36
#: Die with the parent, gain no rights, filter system calls by a program.
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_SIGKILL = 9
#: The version of the kernel's interface to capabilities with two words a set.
_CAPABILITIES_VERSION = 0x20080522
_FILTER_MODE = 2
#: Of the kernel's packet filter: load a word, compare twice, test bits, return.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
_DENY_AS_UNKNOWN = 0x00050026  # ENOSYS, so that the C library falls back on `clone`
#: Where the kernel puts number, architecture and first argument of a call.
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16
#: Flags of `clone` that make namespaces; what is done in one of one's own is not bounded.
_NEW_NAMESPACES = 0x7E020000
#: Calls of the second table of x86-64 begin here.
_X32 = 0x40000000

#: By machine: the kernel's name for it, `clone`, `clone3`, and what is not to be called at all:
#: memory that no limit counts, namespaces, mounts, other processes' memory, sockets, keys, and
#: what has been a way out of sandboxes before.
_CALLS = {
    "x86_64": (0xC000003E, 56, 435, {
        "memfd_create": 319, "memfd_secret": 447, "shmget": 29, "semget": 64, "msgget": 68,
        "mq_open": 240, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166,
        "pivot_root": 155, "chroot": 161, "fsopen": 430, "open_tree": 428, "move_mount": 429,
        "fsmount": 432, "fspick": 433, "mount_setattr": 442, "ptrace": 101,
        "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "pidfd_getfd": 438,
        "socket": 41, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
        "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "keyctl": 250,
        "add_key": 248, "request_key": 249, "name_to_handle_at": 303, "open_by_handle_at": 304,
        "kexec_load": 246, "init_module": 175, "finit_module": 313, "personality": 135,
        "fallocate": 285,
    }),
    "aarch64": (0xC00000B7, 220, 435, {
        "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "semget": 190, "msgget": 186,
        "mq_open": 180, "unshare": 97, "setns": 268, "mount": 40, "umount2": 39,
        "pivot_root": 41, "chroot": 51, "fsopen": 430, "open_tree": 428, "move_mount": 429,
        "fsmount": 432, "fspick": 433, "mount_setattr": 442, "ptrace": 117,
        "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "pidfd_getfd": 438,
        "socket": 198, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
        "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "keyctl": 219,
        "add_key": 217, "request_key": 218, "name_to_handle_at": 264, "open_by_handle_at": 265,
        "kexec_load": 104, "init_module": 105, "finit_module": 273, "personality": 92,
        "fallocate": 47,
    }),
}  # fmt: skip

#: Landlock, by which a process gives up files for good: its calls have these numbers on every
#: machine. Rights to change what there is, in the order of their bits, and from which version of
#: the interface on the kernel knows the last two.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _BENEATH = 1, 1
_WRITE, _REMOVE_AND_MAKE, _REFER, _TRUNCATE = 1 << 1, 0x1FF0, 1 << 13, 1 << 14
_KNOWS_REFER, _KNOWS_TRUNCATE = 2, 3


class ConfinementError(Exception):
    """The process could not be confined, and must not go on."""


@dataclass(frozen=True)
class Limits:
    """Resources of one process: seconds, bytes, bytes a file, descriptors, processes of the user.

    ``processes`` counts threads, and is what makes all limits of single processes limits together.
    ``resident`` is the memory in use by all of them, where control groups can bound it.
    """

    seconds: int = 600
    memory: int = 1 << 30
    file: int = 4 << 20
    descriptors: int = 64
    processes: int = 8
    resident: int = 1 << 30


def confine(limits: Limits, uid: int | None, scratch: str | None = None) -> None:
    """Become ``uid`` for good, take on the limits, and give up what is not needed.

    With ``scratch``, nothing is written outside of that folder, where the kernel can see to it.

    Raises ``ConfinementError`` where any of it does not hold afterwards.
    """
    import resource  # not there on every system, on all of which this module is loaded

    machine = platform.machine()
    if machine not in _CALLS:
        raise ConfinementError(f"the system calls of {machine} are not known here")
    try:
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        _give_up_capabilities()
        for which, value in (
            (resource.RLIMIT_CPU, limits.seconds), (resource.RLIMIT_AS, limits.memory),
            (resource.RLIMIT_FSIZE, limits.file), (resource.RLIMIT_NOFILE, limits.descriptors),
            (resource.RLIMIT_NPROC, limits.processes), (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_MEMLOCK, 0), (resource.RLIMIT_MSGQUEUE, 0),
        ):  # fmt: skip
            resource.setrlimit(which, (value, value))
        os.umask(0o077)
        control(_PR_SET_PDEATHSIG, _SIGKILL)
        control(_PR_SET_NO_NEW_PRIVS, 1)
        if scratch is not None:
            _write_beneath(scratch)
        _filter(_program(*_CALLS[machine]))
    except (OSError, ValueError) as error:
        raise ConfinementError(str(error)) from None
    if uid is not None and (os.getresuid() != (uid,) * 3 or os.getresgid() != (uid,) * 3):
        raise ConfinementError("the user is still another one")
    _require_powerless()


def _require_powerless() -> None:
    """Raise where the process has a capability left, or may gain one, or the filter is not on."""
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123 - small and early
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    held = {name: status.get(name, "") for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")}
    if any(int(value, 16) for value in held.values()):
        raise ConfinementError(f"capabilities are left: {held}")
    if status.get("NoNewPrivs") != "1" or status.get("Seccomp") != str(_FILTER_MODE):
        raise ConfinementError("the filter of system calls is not on")


def _give_up_capabilities() -> None:
    """The inheritable set too, which a change of the user leaves as it is."""
    header = struct.pack("<II", _CAPABILITIES_VERSION, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(bytes(24))) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def control(what: int, *values: int) -> None:
    """Call ``prctl``; raises ``OSError`` where the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    if libc.prctl(what, *padded) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def landlock_version() -> int:
    """The version of Landlock's interface; 0 where the kernel has none."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)))


def _write_beneath(folder: str) -> None:
    """From here on write and make files below ``folder`` alone, for good."""
    version = landlock_version()
    if not version:
        return
    changes = _WRITE | _REMOVE_AND_MAKE
    changes |= _REFER if version >= _KNOWS_REFER else 0
    of_files = _WRITE | (_TRUNCATE if version >= _KNOWS_TRUNCATE else 0)
    changes |= of_files
    libc = ctypes.CDLL(None, use_errno=True)

    def call(number: int, *values: Any) -> int:
        made = int(libc.syscall(number, *values))
        if made < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return made

    handled = struct.pack("=Q", changes)
    rules = call(_CREATE_RULESET, ctypes.c_char_p(handled), ctypes.c_size_t(len(handled)), 0)
    for path, allowed in ((folder, changes), (os.devnull, of_files)):
        place = os.open(path, os.O_PATH)
        beneath = struct.pack("=Qi", allowed, place)
        call(_ADD_RULE, rules, _BENEATH, ctypes.c_char_p(beneath), 0)
        os.close(place)
    call(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _program(architecture: int, clone: int, clone3: int, denied: dict[str, int]) -> bytes:
    """The filter, for the kernel: which calls are let through."""
    made = [
        (_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, 0, 1, clone3), (_RETURN, 0, 0, _DENY_AS_UNKNOWN),
    ]  # fmt: skip
    if architecture == _CALLS["x86_64"][0]:
        made += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for number in denied.values():
        made += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _DENY)]
    made += [
        (_EQUAL, 0, 3, clone), (_LOAD, 0, 0, _FIRST), (_ANY_BIT, 0, 1, _NEW_NAMESPACES),
        (_RETURN, 0, 0, _DENY), (_RETURN, 0, 0, _ALLOW),
    ]  # fmt: skip
    return b"".join(struct.pack("<HBBI", *one) for one in made)


def _filter(program: bytes) -> None:
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("start", ctypes.c_void_p))

    text = ctypes.create_string_buffer(program, len(program))
    whole = Program(len(program) // 8, ctypes.addressof(text))
    control(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.addressof(whole))
