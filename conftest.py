"""Marks the repository root for pytest; fixtures shared by `derivations/` and `tests/` go here.

Nothing is needed to collect the derivations: the installed `gradcheck` plugin does that, here as
in any other project.
"""
