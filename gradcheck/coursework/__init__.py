"""Guarding coursework: assignments, the isolation of what students submit, and marks.

**An assignment** (``assignment``, ``settings``) is a folder of ordinary derivation files, in which
rules come from the submission by name: ``softmax.vjp(from_submission("backward(dy, y)"))``. In the
folder that students get (``writing``, ``own_folder``) the name is their own function, and
``gradcheck check`` or ``pytest`` run the claims as they run any others; while a submission is
graded it is a stand-in that asks another process (``submitted``). Everything else — sampling,
differences, judgement, the naming of mistakes — is the rest of this package, unchanged, and stays
in the grader's process.

**What a submission gets to see.** Inputs of a function, to answer with its value, and inputs with
cotangents, to answer with gradients; all calls of an example travel together. Differences are taken
of the teacher's function alone, so no probe point, seed, expected value, tolerance or path leaves
the grader. The message (``protocol``) is a fixed head and records of fixed size, checked before any
memory is reserved, then raw bytes; nothing is unpickled or evaluated. Whatever happens to a process
(``child``) — it ends, hangs, forges, drowns the grader in output — is the outcome of the part that
was being asked for, and the next part gets a fresh one.

**What runs beside a submission** (``shim``, with ``reading``, ``units``, ``differencing`` and
``confinement``) decides nothing. Layers in any convention are read there by the same modules as
``gradcheck.adapters`` uses, of which a copy without the engine is mounted under the same names
(``staging``): no oracle, no judging, no diagnosis, no derivation. What it reports about itself —
lines, remarks, which argument was changed in place — is advice; marks rest on arrays.

**How it is kept apart** (``sandbox``, ``mounts``, ``users``, ``groups``). bubblewrap mounts the
interpreter, numpy, the shim and this one submission, read-only, with a sized ``/tmp`` and no
network. Resource limits do not bind root, so as root the process becomes a user of its own before
it imports anything; where the kernel's control groups may be made, one bounds memory and number of
all its processes together, for any user; a filter of system calls takes away namespaces, mounts,
sockets, traces and memory that no limit counts, and what is not confined afterwards does not start.
In containers that forbid namespaces, root starts it as a user of its own, to whom everything of the
grader's is closed. Either is used only after a probe, a submission that tries what must not work,
has failed at all of it; else nothing is run. Each process has a scratch folder of its own, and as a
user of its own writes nowhere else where the kernel has Landlock. The process and its descendants
are gone before a result is written.

**Marks** (``interview``, ``grading``, ``placement``, ``cotangents``, ``precision``, ``growth``,
``steadiness``, ``smoothness``, ``results``). Each part is tried on inputs of the visible seed and
of the hidden one, which draws the sizes too. A share of the hidden ones is placed where numbers
that the submission is given are exactly zero or the same, each way in each array; what it makes of
cotangents of zeros and ties has to add up to what it makes of others. What rounding may make of
numbers as large as those at hand is left open: jitter, which tells in one process, does not get
into another. What is undecided, or open at too many inputs, and so on 20 fresh ones as well, or
right at some input only because its answers there make noise or could be those at a kink, needs the
teacher. What is lost beside other parts is tried in a process of its own, so a part is worth what
its function is worth by itself; what is right is asked again in part, in a process that has seen
none of it, and has to be answered as before. A class (``classroom``, ``roster``, ``cluster``) is
shared out over processes or a Dask cluster; each result is one file, written whole or not at all,
whose key says what it was made from. ``verifying`` proves an assignment sound: bugs in the solution
cost what they touch.

What is *not* defended against:

- a hole in the kernel;
- a rule that answers by differences hidden from the reading of its source;
- a student who knows the hidden seed;
- a rule that is right whenever it is asked here, and wrong at times or inputs that are not met;
- a gradient that is off by less than 6e-8 of the numbers beside it, as of a softmax that is taken
  for 1 where less than 1e-9 is left: a check resolves no more; if all its answers are in single
  precision, by less than 2e-6 at fewer than half of the inputs, or than 5e-7 in a side of an
  identity, and by more where numbers are cancelled, at most 1e-5, or what single precision makes of
  the reference itself (``growth``).

As a user of its own, where namespaces are forbidden, moreover:

- disk space, which is bounded for single files alone, as long as the process lives;
- what the container lets every user read: names in ``/tmp``, its files that are open to all, and
  the command lines of processes, so a hidden seed belongs into the settings, not into ``--seed``;
- without Landlock (Linux 5.13), folders where everyone may write: two submissions that are graded
  at the same time can pass answers on in ``/tmp``. What a process leaves there is deleted when it
  has ended, before the next one starts;
- without control groups, memory is bounded for each of at most eight processes, not for all.
"""

from gradcheck.coursework.submitted import from_submission, layer_from_submission

__all__ = ["from_submission", "layer_from_submission"]
