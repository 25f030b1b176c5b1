"""Flows whose functions have a limited tag, for real workers."""
