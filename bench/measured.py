"""What measuring a workload gives."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Measured:
    """Samples of ours and of what they are compared with, in pairs; and what else was found, name -> figure.

    `lean`: samples of the least that can be made with Celery, where that was measured beside.
    """

    ours: list[float] = field(default_factory=list)
    base: list[float] = field(default_factory=list)
    lean: list[float] = field(default_factory=list)
    also: dict[str, float] = field(default_factory=dict)

    def add(self, own: float, base: float | None = None, lean: float | None = None) -> None:
        for samples, figure in ((self.ours, own), (self.base, base), (self.lean, lean)):
            if figure is not None:
                samples.append(round(figure, 3))

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
        return self._ratio_to(self.base)

    @property
    def lean_ratio(self) -> float | None:
        return self._ratio_to(self.lean)

    def _ratio_to(self, others: list[float]) -> float | None:
        if not others:
            return None
        return median(own / other for own, other in zip(self.ours, others, strict=True))
