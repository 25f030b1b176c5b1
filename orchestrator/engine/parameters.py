"""The parameters of a flow run, checked before anything is told them."""

from collections.abc import Mapping
from typing import Any

from orchestrator.core.parameters import check_parameters, with_defaults
from orchestrator.core.problems import ProblemsFound
from orchestrator.engine.versions import Version, load_version


class InvalidParameters(ProblemsFound):
    """The parameters given are not what the flow takes."""


def checked(version: Version, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with the defaults of those that are left out.

    :raises InvalidParameters: with a problem for each wrong parameter
    """
    parameters = dict(given)
    if problems := check_parameters(version.parameter_schema, parameters):
        raise InvalidParameters(problems)
    return with_defaults(version.parameter_schema, parameters)


def are_those_of(*, version_id: int, parameters: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Return whether a flow run of this version, with these parameters, was started with what is given now.

    The defaults are those of its own version: whoever asks again asks for the same, whatever was published meanwhile.
    """
    return with_defaults(load_version(version_id).parameter_schema, given) == parameters
