"""What an address asks for: names in its path, text after the question mark."""

from django.http import HttpRequest


class Name:
    """A name of one part. NUL, which no name holds, leads nowhere instead of to the database, which refuses it."""

    regex = r"[^/\x00]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class FlowName(Name):
    """A flow's name, which may hold slashes; what follows it decides where it ends."""

    regex = r"[^\x00]+?"


def text(request: HttpRequest, name: str) -> str:
    """Return what is asked for under this name, empty where nothing is."""
    return request.GET.get(name, "").replace("\x00", "").strip()
