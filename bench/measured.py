"""What measuring a workload gives."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Measured:
    """Samples of ours and of what they are compared with, in pairs; and what else was found, name -> figure."""

    ours: list[float] = field(default_factory=list)
    base: list[float] = field(default_factory=list)
    also: dict[str, float] = field(default_factory=dict)

    def add(self, own: float, base: float | None = None) -> None:
        self.ours.append(round(own, 3))
        if base is not None:
            self.base.append(round(base, 3))

    def note(self, name: str, figure: float) -> None:
        """Keep the largest figure of that name."""
        self.also[name] = max(round(figure, 3), self.also.get(name, round(figure, 3)))

    def note_growth(self, growth: dict[str, float], when: str = "") -> None:
        """Keep the largest growth of the processes of each name, in MB."""
        for name, megabytes in growth.items():
            self.note(f"MB more in one {name}{when}", megabytes)

    @property
    def ratio(self) -> float | None:
        """The median of the pairs' ratios; None where ours stands alone."""
        if not self.base:
            return None
        return median(own / base for own, base in zip(self.ours, self.base, strict=True))
