"""Digests of people's functions: what these do, so that a change makes a new version and a comment does not.

What a function calls, and what it is made with (a closure's values, a partial's arguments), is no part of its digest.
"""

import ast
import hashlib
import inspect
import textwrap
import tokenize
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from types import CodeType, FunctionType
from typing import Any


def digest_of(called: Callable[..., Any]) -> str:
    """Return the digest of a function, a method, or what an object does when it is called; "" if that is not Python."""
    found: Any = inspect.unwrap(called)
    while isinstance(found, partial):
        found = inspect.unwrap(found.func)
    found = getattr(found, "__func__", found)
    if not isinstance(found, FunctionType):
        found = type(found).__call__
    return _function_digest(found) if isinstance(found, FunctionType) else ""


def digest_of_all(groups: Mapping[str, Iterable[Callable[..., Any]]]) -> str:
    """Return one digest of several functions, each with what it is for; "" if there are none."""
    parts = [f"{name} {digest_of(called)}" for name, group in groups.items() for called in group]
    return _short("\n".join(parts)) if parts else ""


@lru_cache(maxsize=1_024)
def _function_digest(function: FunctionType) -> str:
    try:
        source = textwrap.dedent(inspect.getsource(function))
        text = ast.dump(ast.parse(source))
    except (OSError, TypeError, SyntaxError, IndexError, tokenize.TokenError):
        # Code without a readable file: typed into a shell, made by exec, a lambda that is no statement of its own.
        text = _code_text(function.__code__)
    return _short(text)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _code_text(code: CodeType) -> str:
    return repr((code.co_code, list(map(_constant_text, code.co_consts)), code.co_names, code.co_varnames))


def _constant_text(value: object) -> str:
    if isinstance(value, CodeType):
        return _code_text(value)
    # The order within a set differs from process to process.
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)
