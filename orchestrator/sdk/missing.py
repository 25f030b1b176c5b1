"""Names of Prefect 1 that mean nothing here: who imports one is told what to use instead."""

from collections.abc import Callable, Mapping
from typing import NoReturn


def refuse_missing(module: str, missing: Mapping[str, str]) -> Callable[[str], NoReturn]:
    """Return the `__getattr__` of a module.

    :param missing: name -> what to use instead
    """

    def refuse(name: str) -> NoReturn:
        if name in missing:
            raise ImportError(f"There is no {name} in {module}: {missing[name]}.")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return refuse
