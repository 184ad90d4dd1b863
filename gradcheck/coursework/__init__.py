"""Guarding coursework: assignments, the isolation of what students submit, and marks."""
