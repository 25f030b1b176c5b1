"""Ways to keep results that have no JSON form, for tasks that ask for one by name."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class UnknownSerializer(ValueError):
    """No serializer of that name is registered in this process."""


@dataclass(frozen=True, slots=True)
class Serializer:
    """How a result becomes bytes, and an object again in a worker."""

    name: str
    dumps: Callable[[Any], bytes]
    loads: Callable[[bytes], Any]


_RESERVED = frozenset({"json", "parts"})
_known = {"pickle": Serializer("pickle", lambda value: pickle.dumps(value, protocol=5), pickle.loads)}


def register_serializer(name: str, dumps: Callable[[Any], bytes], loads: Callable[[bytes], Any]) -> None:
    """Let tasks say `result_serializer=name`. Call it where every worker does, for example at the top of a flows.py.

    :param loads: is called by workers only, with bytes that a worker wrote; the web process never calls it
    :raises ValueError: the name is none, or is taken by Anabranch itself
    """
    if not name.isidentifier() or len(name) > 50 or name in _RESERVED:
        raise ValueError(f"A serializer is named like a Python name and not json or parts, not {name!r:.80}.")
    _known[name] = Serializer(name, dumps, loads)


def find_serializer(name: str) -> Serializer:
    """Return the serializer of that name.

    :raises UnknownSerializer: this process's code registers none
    """
    if name not in _known:
        raise UnknownSerializer(
            f"There is no result serializer {name!r}; there are {', '.join(_known)}."
            " Register it with register_serializer() in a flows.py that every worker imports."
        )
    return _known[name]
