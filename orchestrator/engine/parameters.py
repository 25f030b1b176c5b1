"""The parameters of a flow run, checked before anything is told them."""

from collections.abc import Mapping
from typing import Any

from orchestrator.core.parameters import check_parameters, with_defaults
from orchestrator.core.problems import ProblemsFound
from orchestrator.engine.versions import Version


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
