"""What people's code raises and says: which of it ends an attempt, and the message that people read of it."""

from typing import Any

from orchestrator.core.bindings import Unresolvable
from orchestrator.core.results import Unkeepable, storable
from orchestrator.sdk.arguments import WrongArgument

MOST_LETTERS = 1_000


class Stop(BaseException):
    """Raised inside people's code from outside, to stop it. `except Exception` does not catch it."""


class ValidatorFailed(Exception):
    """A task's own cache validator raised an exception, which the message names."""


# What goes through everything. All else that code raises ends its attempt, whatever it is derived from: libraries raise
# `asyncio.CancelledError`, and what broke in a compiled extension, which are no `Exception`.
PASSES = (Stop, KeyboardInterrupt)

# What we raise ourselves: its sentence says it all.
EXPLAINED = (WrongArgument, Unresolvable, Unkeepable, ValidatorFailed)


def message_of(said: object) -> str:
    """Return the message of a signal or a state as it is kept, whatever people's code gave for it."""
    if said is None:
        return ""
    return told(said) if isinstance(said, BaseException) else _text(said)[:MOST_LETTERS]


def told(error: BaseException) -> str:
    """Return what people are told of what a function raised: for an exception, what `named` says."""
    if isinstance(error, SystemExit):
        return f"The function called exit({_text(error.code, repr)})."[:MOST_LETTERS]
    if isinstance(error, EXPLAINED):
        return _text(error)
    return named(error)


def named(error: BaseException) -> str:
    """Return an exception's type, and the first line of what it says."""
    lines = _text(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:MOST_LETTERS].rstrip(": ")


def _text(said: object, write: Any = str) -> str:
    try:
        return storable(write(said))
    except Exception:  # noqa: BLE001 - how a thing is written is people's code too
        return f"(a {type(said).__name__} that cannot be written as text)"
