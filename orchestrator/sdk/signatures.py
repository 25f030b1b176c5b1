"""What the `run` of a task takes and returns, as its signature and its annotations say."""

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# Names of `run` arguments that calling a task needs for itself.
RESERVED = frozenset({"upstream_tasks", "mapped", "task_args", "flow"})


def check_run(run: Callable[..., Any], whose: str) -> None:
    """Accept a function whose arguments all can be given by name.

    :raises ValueError: one cannot, or has a name that is reserved; it is asynchronous
    """
    if inspect.iscoroutinefunction(run) or inspect.isasyncgenfunction(run):
        raise ValueError(f"run() of {whose} is asynchronous; write a plain function, with asyncio.run(...) in it.")
    for name, argument in inspect.signature(run).parameters.items():
        if argument.kind in (argument.VAR_POSITIONAL, argument.POSITIONAL_ONLY):
            raise ValueError(f"run() of {whose} may not have *args or positional-only arguments ({name}).")
        if name in RESERVED:
            raise ValueError(f"run() of {whose} may not have an argument {name!r}; choose another name.")


def named_arguments(signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments given, by name; those of **kwargs among them.

    :raises TypeError: they are not those of the signature
    """
    named: dict[str, Any] = {}
    for name, value in signature.bind(*args, **kwargs).arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            named.update(value)
        else:
            named[name] = value
    return named


def takes(signature: inspect.Signature, name: str) -> bool:
    """Return whether `run` can be given an argument of this name."""
    return name in signature.parameters or any(
        argument.kind is argument.VAR_KEYWORD for argument in signature.parameters.values()
    )


def needed(signature: inspect.Signature) -> list[str]:
    """Return the names of the arguments that `run` cannot do without."""
    can_miss = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [
        name
        for name, argument in signature.parameters.items()
        if argument.default is argument.empty and argument.kind not in can_miss
    ]


def returned_parts(run: Callable[..., Any]) -> int | None:
    """Return how many parts the result has by an annotation like `-> tuple[int, str]`, None where none says it."""
    try:
        returned = typing.get_type_hints(run).get("return")
    except Exception:  # noqa: BLE001 - annotations are people's code, and may name what exists only for a type checker
        return None
    parts = typing.get_args(returned)
    if typing.get_origin(returned) is not tuple or Ellipsis in parts:
        return None
    return len(parts)
