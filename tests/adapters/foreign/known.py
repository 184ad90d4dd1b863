"""Rules of frameworks that are accused with reason, and the reason."""

KNOWN: dict[str, dict[str, str]] = {"torch": {}, "jax": {}, "autograd": {}}
