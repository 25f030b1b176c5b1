"""When the cached result of a task still holds: by the names that `Task(cache_validator=...)` takes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Remembered:
    """A cached result, and what it was made of, as a validator of people's own is given it."""

    result: Any
    cached_inputs: Any
    cached_parameters: Any


# People's own validator: (cached, inputs, parameters) -> whether the cached result still holds.
CustomValidator = Callable[[Remembered, Mapping[str, Any], Mapping[str, Any]], Any]
_Values = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Validator:
    """A cached result holds while these of a task's inputs and parameters are the same."""

    name: str
    values: _Values

    def __call__(self, cached: Remembered, inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
        """Return whether a cached result holds."""
        return bool(self.values(cached.cached_inputs, cached.cached_parameters) == self.values(inputs, parameters))


duration_only = Validator("duration_only", lambda inputs, parameters: None)
all_inputs = Validator("all_inputs", lambda inputs, parameters: dict(inputs))
all_parameters = Validator("all_parameters", lambda inputs, parameters: dict(parameters))
never_use = Validator("never_use", lambda inputs, parameters: object())


def partial_inputs_only(validate_on: Iterable[str] | None = None) -> Validator:
    """Return the validator that compares the inputs of these names."""
    names = sorted(validate_on or ())
    return Validator(
        f"partial_inputs_only({', '.join(names)})", lambda inputs, _: {key: inputs.get(key) for key in names}
    )


def partial_parameters_only(validate_on: Iterable[str] | None = None) -> Validator:
    """Return the validator that compares the parameters of these names."""
    names = sorted(validate_on or ())
    name = f"partial_parameters_only({', '.join(names)})"
    return Validator(name, lambda _, parameters: {key: parameters.get(key) for key in names})


def read_validator(validator: Any) -> Validator | CustomValidator:
    """Return what `Task(cache_validator=...)` asks for: a name, a validator of this module or a function.

    :raises ValueError: there is no such validator
    """
    if validator is None:
        return duration_only
    if isinstance(validator, str) and validator in _NAMED:
        return _NAMED[validator]
    if validator in (partial_inputs_only, partial_parameters_only):
        raise ValueError("Say which: partial_inputs_only(['day']).")
    if callable(validator):
        return validator  # type: ignore[no-any-return]
    raise ValueError(f"There is no cache validator {validator!r}; there are {', '.join(_NAMED)}.")


_NAMED = {each.name: each for each in (duration_only, all_inputs, all_parameters, never_use)}
