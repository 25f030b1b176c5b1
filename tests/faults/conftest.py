"""Flows of a test's own, and the invariants after every test."""

from tests.engine.conftest import drain, invariants_hold, project, register, start

__all__ = ["drain", "invariants_hold", "project", "register", "start"]
