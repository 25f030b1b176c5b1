"""What people are shown when there is nothing for them."""

from typing import Any

from django.http import Http404


def found(document: dict[str, Any] | None, what: str) -> dict[str, Any]:
    """Return what was found.

    :raises Http404: nothing was, or the person may not see it, which looks the same from outside
    """
    if document is None:
        raise Http404(f"There is no {what}, or you have no access to its project.")
    return document
