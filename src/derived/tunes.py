"""Reading ABC notation: what a generated tune says, and whether it says it correctly.

``read_abc`` reads one tune with one voice and never fails: what it cannot read, it lists. The part
of the notation that it knows is that of folk collections: notes, rests, chords, tuplets, broken
rhythm, ties, slurs, grace notes, bars, repeats, endings, and the header.

Source: C. Walshaw, *The ABC music standard 2.1*, 2011.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

__all__ = ["Note", "Tune", "read_abc"]

_LETTERS = "CDEFGAB"
_SEMITONES = dict(zip(_LETTERS, (0, 2, 4, 5, 7, 9, 11), strict=True))
_SHARPS = dict(zip("FCGDAEB", range(-1, 6), strict=True))  # of the major key on a letter
_MODES = {"maj": 0, "": 0, "ion": 0, "mix": -1, "dor": -2, "min": -3, "m": -3, "aeo": -3}
_MODES |= {"lyd": 1, "phr": -4, "loc": -5}
_ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_TUPLETS = {2: Fraction(3, 2), 3: Fraction(2, 3), 4: Fraction(3, 4), 6: Fraction(1, 3)}
_METRES = {"C": Fraction(1), "C|": Fraction(1)}
_BARS = {"|", "||", "|]", "[|", "|:", ":|", "::", ":|:", ":||:", ":||", "||:", ":|]"}

_FACTOR = r"\d{0,3}(?:/{1,8}\d{0,3})?"  # of longer nonsense the rest is a fault
_LENGTH = f"({_FACTOR})"
_TOKENS = [
    ("bar", r"\[\||[|:]+\]?"),
    ("ending", r"\[[1-9]|(?<=[|])[1-9]"),
    ("tuplet", r"\(([2-9])"),
    ("note", rf"(\^{{1,2}}|_{{1,2}}|=)?([A-Ga-g])([,']*){_LENGTH}"),
    ("rest", rf"[zx]{_LENGTH}"),
    ("chord", rf"\[((?:[\^_=]*[A-Ga-g][,']*{_FACTOR})+)\]{_LENGTH}"),
    ("grace", r"\{[^{}\n]*\}"),
    ("broken", r"<{1,3}|>{1,3}"),
    ("silent", r"\"[^\"\n]*\"|[()\-~.!uvRT\\]|\s+"),
]
_PATTERNS = [(kind, re.compile(pattern)) for kind, pattern in _TOKENS]


@dataclass(frozen=True)
class Note:
    """A sounding note.

    onset, length : in whole notes, from the beginning of the tune.
    pitch : MIDI number, 60 for the C that ABC writes as ``C``.
    step : place on the staff, 0 for that C, one more a letter up.
    accidental : as written, ``"^"``, ``"_"``, ``"="`` or nothing.
    bar : number of its bar, from 0.
    """

    onset: Fraction
    length: Fraction
    pitch: int
    step: int
    accidental: str
    bar: int


@dataclass
class Tune:
    """What :func:`read_abc` found.

    header : field letter → text. metre : length of a full bar in whole notes, and sharps : of the
    key, negative for flats, both as they are at the end. notes : in order. bars : the length of
    each bar, and full : what it should be. edges : numbers of the bars that begin or end a part,
    which may be short. faults : what is wrong, in words.
    """

    header: dict[str, str] = field(default_factory=dict)
    metre: Fraction = Fraction(1)
    sharps: int = 0
    notes: list[Note] = field(default_factory=list)
    bars: list[Fraction] = field(default_factory=list)
    full: list[Fraction] = field(default_factory=list)
    edges: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def uneven_bars(self) -> list[int]:
        """Return the numbers of the bars that do not last as long as the metre says.

        The first and the last bar of a part may be shorter: an upbeat and its complement.
        """
        return [
            number
            for number, (length, full) in enumerate(zip(self.bars, self.full, strict=True))
            if length != full and not (number in self.edges and length < full)
        ]


def read_abc(text: str) -> Tune:
    """Read one tune in ABC notation; what cannot be read stands in ``faults``.

    A tune needs the header fields M (metre), L (unit of length) and K (key), in any order but for
    K, which ends the header; and at least one note.
    """
    tune = Tune()
    lines = text.split("\n")
    body = _read_header(lines, tune)
    missing = [name for name in "MLK" if name not in tune.header]
    if missing:
        tune.faults.append(f"the header lacks {', '.join(missing)}")
    reader = _Reader(tune, _unit(tune))
    for line in lines[body:]:
        if re.match(r"[A-Za-z]:(?![|:])", line):
            _change(line, tune)
        else:
            reader.read(line + "\n")
    reader.finish()
    if not tune.notes:
        tune.faults.append("no note")
    return tune


def _change(line: str, tune: Tune) -> None:
    """Follow a change of key or metre within the music; any other field is a fault there."""
    text = line[2:].strip()
    if line[0] == "K":
        tune.sharps = _key(text, tune)
    elif line[0] == "M":
        tune.metre = _metre(text, tune)
    else:
        tune.faults.append(f"a field {line[:2]} in the music")


def _read_header(lines: list[str], tune: Tune) -> int:
    """Fill the header; return the number of the first line of music."""
    for number, line in enumerate(lines):
        match = re.match(r"([A-Z]): ?(.*)$", line)
        if not match:
            if line.strip():
                return number
            continue
        tune.header[match[1]] = match[2].strip()
        if match[1] == "M":
            tune.metre = _metre(match[2].strip(), tune)
        if match[1] == "K":
            tune.sharps = _key(match[2].strip(), tune)
            return number + 1
    return len(lines)


def _metre(text: str, tune: Tune) -> Fraction:
    if text in _METRES:
        return _METRES[text]
    if re.fullmatch(r"[1-9]\d?/(2|4|8|16)", text):
        return Fraction(text)
    tune.faults.append(f"the metre {text!r}")
    return Fraction(1)


def _unit(tune: Tune) -> Fraction:
    text = tune.header.get("L", "1/8")
    if re.fullmatch(r"1/(1|2|4|8|16|32)", text):
        return Fraction(text)
    tune.faults.append(f"the unit of length {text!r}")
    return Fraction(1, 8)


def _key(text: str, tune: Tune) -> int:
    match = re.fullmatch(r"([A-G])([#b]?) ?([A-Za-z]*)", text)
    mode = match[3].lower()[:3] if match else "?"
    if match is None or mode not in _MODES:
        tune.faults.append(f"the key {text!r}")
        return 0
    return _SHARPS[match[1]] + {"": 0, "#": 7, "b": -7}[match[2]] + _MODES[mode]


def _in_key(sharps: int, letter: str) -> int:
    """Return by how many semitones the key alters a letter."""
    order = "FCGDAEB" if sharps > 0 else "BEADGCF"
    return (1 if sharps > 0 else -1) * (letter in order[: min(abs(sharps), 7)])


def _factor(text: str) -> Fraction:
    """Return the length that ABC writes after a note, in units: "" 1, "3" 3, "/" ½, "3/2" 3/2."""
    above, slash, below = text.partition("/")
    value = Fraction(int(above or 1))
    if below.strip("/"):
        return value / max(1, int(below.strip("/")))
    return value * Fraction(1, 2 ** len(slash + below))


class _Reader:
    """Reads the music, token by token, into a tune."""

    def __init__(self, tune: Tune, unit: Fraction) -> None:
        self.tune, self.unit = tune, unit
        self.now, self.filled = Fraction(0), Fraction(0)
        self.altered: dict[tuple[str, str], int] = {}
        self.tuplet: tuple[int, Fraction] = (0, Fraction(1))
        self.broken = Fraction(1)  # of the next note
        self.start_of_part = True
        self.sounding: list[int] = []  # places of the notes that began last

    def read(self, line: str) -> None:
        at = 0
        actions: dict[str, Callable[[re.Match[str]], None]] = {
            "bar": self.bar,
            "tuplet": self.begin_tuplet,
            "note": self.note,
            "rest": lambda match: self.advance(_factor(match[1])),
            "chord": self.chord,
            "broken": self.broken_rhythm,
        }
        while at < len(line):
            for kind, pattern in _PATTERNS:
                match = pattern.match(line, at)
                if match:
                    actions.get(kind, self.skip)(match)
                    at = match.end()
                    break
            else:
                self.tune.faults.append(f"the character {line[at]!r}")
                at += 1

    def skip(self, match: re.Match[str]) -> None:
        """Pass over what neither sounds nor takes time."""

    def bar(self, match: re.Match[str]) -> None:
        if match[0] not in _BARS:
            self.tune.faults.append(f"the bar {match[0]!r}")
        if self.tuplet[0]:
            self.tune.faults.append("a tuplet across a bar")
            self.tuplet = (0, Fraction(1))
        self.end_bar(part=match[0] != "|")

    def end_bar(self, *, part: bool) -> None:
        number = len(self.tune.bars)
        if self.filled:
            self.tune.bars.append(self.filled)
            self.tune.full.append(self.tune.metre)
            if part or self.start_of_part:
                self.tune.edges.add(number)
            self.start_of_part = part
        elif part:
            self.start_of_part = True
            if number:
                self.tune.edges.add(number - 1)
        self.filled, self.altered = Fraction(0), {}

    def begin_tuplet(self, match: re.Match[str]) -> None:
        count = int(match[1])
        if count not in _TUPLETS:
            self.tune.faults.append(f"a tuplet of {count}")
        self.tuplet = (count, _TUPLETS.get(count, Fraction(1)))

    def note(self, match: re.Match[str]) -> None:
        self.sound(match)
        self.advance(_factor(match[4]))

    def chord(self, match: re.Match[str]) -> None:
        first = len(self.tune.notes)
        note = dict(_PATTERNS)["note"]
        inside = list(note.finditer(match[1]))
        for part in inside:
            self.sound(part)
        self.advance(_factor(inside[0][4]) * _factor(match[2]), first)

    def sound(self, match: re.Match[str]) -> None:
        """Add a note, still without its length."""
        written, letter, marks = match[1] or "", match[2], match[3]
        octave = letter.islower() + marks.count("'") - marks.count(",")
        name = letter.upper()
        if written:
            self.altered[name, marks + letter] = _ACCIDENTALS[written]
        alter = self.altered.get((name, marks + letter), _in_key(self.tune.sharps, name))
        pitch = 60 + 12 * octave + _SEMITONES[name] + alter
        step = 7 * octave + _LETTERS.index(name)
        bar = len(self.tune.bars)
        self.tune.notes.append(Note(self.now, Fraction(0), pitch, step, written, bar))

    def advance(self, factor: Fraction, first: int | None = None) -> None:
        """Let time pass, and give the notes from ``first`` on their length."""
        length = factor * self.unit * self.broken
        self.broken = Fraction(1)
        left, ratio = self.tuplet
        if left:
            length *= ratio
            self.tuplet = (left - 1, ratio)
        begun = range(len(self.tune.notes))[first if first is not None else -1 :]
        self.sounding = [k for k in begun if not self.tune.notes[k].length]
        self.stretch(length)
        self.now += length
        self.filled += length

    def stretch(self, length: Fraction) -> None:
        for k in self.sounding:
            old = self.tune.notes[k]
            self.tune.notes[k] = Note(
                old.onset, length, old.pitch, old.step, old.accidental, old.bar
            )

    def broken_rhythm(self, match: re.Match[str]) -> None:
        """Lengthen the last note by half, and shorten the next, or the other way round.

        With a second sign by three quarters, with a third by seven eighths.
        """
        if not self.sounding:
            self.tune.faults.append(f"{match[0]!r} without a note before it")
            return
        short = Fraction(1, 2 ** len(match[0]))
        first = 2 - short if match[0][0] == ">" else short
        last = self.tune.notes[self.sounding[0]].length
        self.stretch(last * first)
        self.now += last * (first - 1)
        self.filled += last * (first - 1)
        self.broken = 2 - first

    def finish(self) -> None:
        if self.tuplet[0]:
            self.tune.faults.append("a tuplet that is not complete")
        self.end_bar(part=True)
        if self.tune.bars:
            self.tune.edges.add(len(self.tune.bars) - 1)
