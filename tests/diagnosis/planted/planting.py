"""How a wrong rule is planted, with the name of its mistake."""

from gradcheck.claims import Rule

PLANTED = []


UNNAMED = []


def plant(names, layer, *wrt, kind="vjp"):
    """Plant the decorated rule; ``names`` are the ids of which the first named has to be one."""

    def add(function):
        PLANTED.append((names.split(), Rule(function, layer, kind, wrt, register=False)))
        return function

    return add


def unnamed(layer, *wrt, kind="vjp"):
    """Plant a rule whose mistake has no name in the catalogue."""

    def add(function):
        UNNAMED.append(Rule(function, layer, kind, wrt, register=False))
        return function

    return add
