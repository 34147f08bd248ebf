"""What a submission may use."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Bounds on one submission.

    cell_seconds : for one cell of the submission.
    call_seconds : for one call that a test makes into the submission.
    submission_seconds : for everything together, both kernels and all restarts.
    memory_mb : MiB; of address space for each process, and of resident memory for all together.
    processes : processes and threads that live at one time.
    file_mb : MiB of one file that the submission writes.
    output_characters : characters of output kept of one cell.

    Raises ValueError if one of them is not positive.
    """

    cell_seconds: float = 30.0
    call_seconds: float = 10.0
    submission_seconds: float = 180.0
    memory_mb: int = 4096
    processes: int = 64
    file_mb: int = 64
    output_characters: int = 200_000

    def __post_init__(self) -> None:
        """Check the fields."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"{field.name} must be a positive number, got {value!r}")
