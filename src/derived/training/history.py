"""What a training run reached, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Epoch", "History"]


@dataclass(frozen=True)
class Epoch:
    """One pass through the training data.

    number : counts from 1.
    loss : mean training loss over the epoch's examples, while the weights were changing.
    metrics : what ``validate`` returned after the epoch.
    seconds : time from the start of the epoch to the end of its validation.
    """

    number: int
    loss: float
    metrics: dict[str, float]
    seconds: float


@dataclass
class History:
    """The epochs of a run, in order; a resumed run holds those before the interruption too."""

    epochs: list[Epoch] = field(default_factory=list)

    @property
    def losses(self) -> list[float]:
        """The mean training loss of each epoch."""
        return [epoch.loss for epoch in self.epochs]

    @property
    def seconds(self) -> float:
        """The time of all epochs together, without what an interruption lost."""
        return sum(epoch.seconds for epoch in self.epochs)

    def metric(self, name: str) -> list[float]:
        """Return one validation metric, epoch by epoch; KeyError names the metrics there are."""
        known = sorted({key for epoch in self.epochs for key in epoch.metrics})
        if name not in known:
            raise KeyError(f"no metric {name!r}; this run recorded {known}")
        return [epoch.metrics.get(name, float("nan")) for epoch in self.epochs]

    def __len__(self) -> int:
        """Return the number of finished epochs."""
        return len(self.epochs)

    def __str__(self) -> str:
        """Return one line an epoch."""
        lines = []
        for epoch in self.epochs:
            metrics = "".join(f" · {name} {value:.4g}" for name, value in epoch.metrics.items())
            lines.append(
                f"epoch {epoch.number:>3} · loss {epoch.loss:.4g}{metrics} · {epoch.seconds:.1f} s"
            )
        return "\n".join(lines)

    def state_dict(self) -> dict[str, Any]:
        """Return the history in plain types, for a checkpoint."""
        rows = [[e.number, e.loss, dict(e.metrics), e.seconds] for e in self.epochs]
        return {"epochs": rows}

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> History:
        """Rebuild what :meth:`state_dict` returned."""
        return cls([Epoch(*row) for row in state["epochs"]])
