"""Finite differences with an error bound: a small object that remembers what it evaluated."""
