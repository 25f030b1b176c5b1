"""Flow names in addresses. They may hold slashes, so what follows a name decides where it ends. Names in bodies."""

from django.http import Http404


class NotThere(Http404):
    """What a body names is not there, or not for who asks; the message says which."""

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no {what}, or you may not see it.")


class FlowNameConverter:
    """Match a flow's name; NUL, which no name holds, leads nowhere instead of to the database."""

    regex = r"[^\x00]+?"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class ProjectNameConverter(FlowNameConverter):
    """Match a project's name, which holds no slash."""

    regex = r"[^/\x00]+"
