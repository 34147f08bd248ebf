"""A course folder, its roster, what goes out to the students and what comes back from them."""

from .collecting import CollectReport, collect
from .folder import book_assignments, initialise
from .releasing import ReleaseReport, release
from .roster import RosterReport, Student, read_roster, update_roster

__all__ = [
    "CollectReport",
    "ReleaseReport",
    "RosterReport",
    "Student",
    "book_assignments",
    "collect",
    "initialise",
    "read_roster",
    "release",
    "update_roster",
]
