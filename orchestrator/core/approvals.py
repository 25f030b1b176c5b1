"""Tasks that ask a person: what they propose, and what the answer hands on."""

from collections.abc import Mapping
from typing import Any

APPROVAL_INPUTS = frozenset({"parameters"})

# What an approval's result says besides its parameters.
APPROVED_BY, REASON = "approved_by", "reason"
RESERVED = frozenset({APPROVED_BY, REASON})

ASKS = "Waits to be approved."
NOBODY = "Nobody approved in time."


class InvalidProposal(ValueError):
    """What an approval is to propose is no object of parameters."""


class UnknownParameters(ValueError):
    """An approval names parameters that it was not asked about."""


def proposed(parameters: Any) -> dict[str, Any]:
    """Return the parameters that an approval proposes, as they were bound; none for None.

    :raises InvalidProposal: they are no object, or have names that the result needs for itself
    """
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise InvalidProposal(f"What is to be approved must be an object of name and value, not {parameters!r:.60}.")
    if taken := sorted(RESERVED & parameters.keys()):
        raise InvalidProposal(f"What is to be approved cannot have the names {', '.join(taken)}.")
    return parameters


def approved(proposal: Mapping[str, Any], given: Mapping[str, Any], *, by: str | None, reason: str) -> dict[str, Any]:
    """Return the result of an approval: its parameters as they were edited, who approved them, and why.

    :raises UnknownParameters: some that were given are not among those that were proposed
    """
    if unknown := sorted(given.keys() - proposal.keys()):
        known = ", ".join(sorted(proposal)) or "none"
        raise UnknownParameters(f"There is no parameter {', '.join(unknown)} to approve; there are: {known}.")
    return {**proposal, **given, APPROVED_BY: by, REASON: reason}
