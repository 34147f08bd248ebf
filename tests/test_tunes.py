"""ABC notation: what is read, what is found wrong, and how long a bar is."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derived import datasets
from derived.tunes import read_abc

HEADER = "X:1\nT:Test\nM:{metre}\nL:1/8\nK:{key}\n"


def tune(music, metre="C", key="C Major"):
    return read_abc(HEADER.format(metre=metre, key=key) + music)


def pitches(music, key="C Major"):
    return [note.pitch for note in tune(music, key=key).notes]


def lengths(music):
    """Return the lengths of the notes in units of an eighth."""
    return [note.length * 8 for note in tune(music).notes]


def test_letters_octaves_and_accidentals_are_midi_numbers():
    assert pitches("C D E F G A B c d e f g a b") == [
        *(60, 62, 64, 65, 67, 69, 71),
        *(72, 74, 76, 77, 79, 81, 83),
    ]
    assert pitches("C, C,, c' c''") == [48, 36, 84, 96]
    assert pitches("^F _B =F ^^C __E") == [66, 70, 65, 62, 62]


def test_an_accidental_holds_to_the_end_of_its_bar_and_in_its_octave():
    assert pitches("^F F f|F") == [66, 66, 77, 65]
    assert pitches("=F F|F", key="G Major") == [65, 65, 66]


@pytest.mark.parametrize(
    ("key", "sharps"),
    [
        *(("C Major", 0), ("G Major", 1), ("D Major", 2), ("A Major", 3), ("F Major", -1)),
        *(("A Minor", 0), ("E Minor", 1), ("D Minor", -1), ("F# Minor", 3), ("Bb Major", -2)),
        *(("A Dorian", 1), ("E Dorian", 2), ("D Mixolydian", 1), ("A Mixolydian", 2)),
        *(("G", 1), ("Am", 0), ("Edor", 2), ("F Lydian", 0), ("E Phrygian", 0)),
    ],
)
def test_keys_have_their_sharps_and_flats(key, sharps):
    read = tune("C", key=key)
    assert read.sharps == sharps and not read.faults


def test_the_scale_of_a_key_is_played():
    assert pitches("D E F G A B c d", key="D Major") == [62, 64, 66, 67, 69, 71, 73, 74]
    assert pitches("F G A B c", key="F Major") == [65, 67, 69, 70, 72]


def test_lengths_are_multiples_of_the_unit():
    assert lengths("C C2 C/ C/2 C// C3/2 C4") == [
        *(1, 2, Fraction(1, 2), Fraction(1, 2), Fraction(1, 4), Fraction(3, 2), 4)
    ]
    assert lengths("(3CDE F") == [Fraction(2, 3)] * 3 + [1]
    assert lengths("C>D E<F") == [Fraction(3, 2), Fraction(1, 2), Fraction(1, 2), Fraction(3, 2)]


def test_onsets_follow_each_other():
    read = tune("C2 z D>E|(3FGA [CE]2 B")
    onsets = [note.onset * 8 for note in read.notes]
    third = Fraction(2, 3)
    assert onsets == [0, 3, Fraction(9, 2), 5, 5 + third, 5 + 2 * third, 7, 7, 9]
    assert [note.bar for note in read.notes] == [0, 0, 0, 1, 1, 1, 1, 1, 1]


def test_bars_are_measured_and_upbeats_allowed():
    assert tune("AG|C2D2 E2F2|G2A2 B2c2|c4 c2:|").uneven_bars() == []
    assert tune("C2D2 E2F2|G2A2 B2|c8|").uneven_bars() == [1]
    assert tune("C2D2 E2F2 G|c8|").uneven_bars() == [0]  # too long is never an upbeat
    assert tune("ABc dBA|G3 G3|", metre="6/8").uneven_bars() == []


@pytest.mark.parametrize(
    ("signs", "first"), [(">", "3/16"), ("<", "1/16"), (">>", "7/32"), ("<<<", "1/64")]
)
def test_broken_rhythm_takes_from_one_note_what_it_gives_the_other(signs, first):
    tune = read_abc(HEADER.format(metre="4/4", key="C") + f"A{signs}B|")
    assert [note.length for note in tune.notes] == [
        Fraction(first),
        Fraction(1, 4) - Fraction(first),
    ]
    assert tune.bars == [Fraction(1, 4)]


@pytest.mark.parametrize("music", ["C" + "9" * 5000, "[C" + "9" * 5000 + "]", "C" + "/" * 5000])
def test_endless_lengths_are_faults_and_no_errors(music):
    assert read_abc(HEADER.format(metre="4/4", key="C") + music).faults


def test_a_change_of_key_or_metre_is_followed():
    read = tune("c8|\nK:D Major\nf8|\nM:6/8\nf3 f3|d6|\n")
    assert not read.faults and read.uneven_bars() == []
    assert [note.pitch for note in read.notes] == [72, 78, 78, 78, 74]
    assert [str(length) for length in read.full] == ["1", "1", "3/4", "3/4"]


def test_repeats_endings_graces_slurs_and_symbols_take_no_time():
    read = tune('|:{AB}(c4 "G"d4)|1 ~c8:|2 .c4-c4||[2 c8|]')
    assert not read.faults and read.uneven_bars() == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("M:C\nL:1/8\nC8|", "the header lacks K"),
        ("CDE", "the header lacks M, L, K"),
        (HEADER.format(metre="7/9", key="C") + "C", "the metre '7/9'"),
        (HEADER.format(metre="C", key="H Major") + "C", "the key 'H Major'"),
        ("M:C\nL:1/7\nK:C\nC", "the unit of length '1/7'"),
        (HEADER.format(metre="C", key="C") + "z8|", "no note"),
        (HEADER.format(metre="C", key="C") + "C?D", "the character '?'"),
        (HEADER.format(metre="C", key="C") + "[CE", "the character '['"),
        (HEADER.format(metre="C", key="C") + "(3CD|E", "a tuplet across a bar"),
        (HEADER.format(metre="C", key="C") + "(3CD", "a tuplet that is not complete"),
        (HEADER.format(metre="C", key="C") + "(5CDEFG", "a tuplet of 5"),
        (HEADER.format(metre="C", key="C") + ">C", "'>' without a note before it"),
        (HEADER.format(metre="C", key="C") + "C|||D", "the bar '|||'"),
        (HEADER.format(metre="C", key="C") + "C|\nT:more\nD", "a field T: in the music"),
    ],
)
def test_faults_are_named(text, fault):
    assert any(found.startswith(fault) for found in read_abc(text).faults)


def test_every_generated_tune_is_sound_and_full():
    for text in datasets.generated_tunes(60, np.random.default_rng(3)):
        read = read_abc(text)
        assert not read.faults and not read.uneven_bars() and len(read.bars) == 16


@given(st.text(alphabet="ABCabcz^_=,'/23456789(3|:[]{}<>-~!\" \nXMLK", max_size=80))
def test_no_text_makes_the_reader_fail(music):
    read = tune(music)
    assert len(read.bars) == len(read.full)
    assert sum(read.bars) >= 0 and all(note.length > 0 for note in read.notes if not read.faults)
