"""The catalogue of mistakes: a module a family, a record a mistake, found without registration.

Some known mistakes have no record, since no comparison of a rule with its own function shows them:

- a test that encodes the bug: what a test expects is not looked at; the function is measured;
- a numeric side that differentiates something else, such as the network's output for its loss:
  here it differentiates the function that is declared, so that the rule is compared with that, and
  a rule of another function is only seen to be wrong;
- a forward pass whose value is wrong, with a rule that is right for it: that is the derivative.

Others are named by what they come to: see ``TOLD_AS`` in ``tests/diagnosis/test_names.py``.
"""
