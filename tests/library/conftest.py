"""The files beside this one hold wrong claims on purpose; `test_planted_bugs.py` checks them.

Their folder's name makes the plugin take them for derivation files, whose claims would be tests.
"""

collect_ignore = ["planted", "printed"]
