"""Flow names in addresses. They may hold slashes, so what follows a name decides where it ends."""


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
