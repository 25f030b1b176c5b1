"""What is wrong with something that a person gave us, said so that a person and a program can act on it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a code for programs, a sentence for people, and the place it is about."""

    code: str
    message: str
    task: str | None = None
    field: str | None = None
    edge: tuple[str, str] | None = None

    def document(self) -> dict[str, object]:
        """Return the JSON object that the API gives for it."""
        edge = {"upstream": self.edge[0], "downstream": self.edge[1]} if self.edge else None
        return {
            "code": self.code,
            "message": self.message,
            "task": self.task,
            "field": self.field,
            "edge": edge,
        }


class ProblemsFound(ValueError):
    """Something was refused; `problems` says each reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = problems
