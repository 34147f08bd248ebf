"""The report: its statistics against other ways to compute them, and its page."""

from __future__ import annotations

import math
import statistics
import time
import warnings
from pathlib import Path

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser

from derived.grading.course import Course
from derived.grading.errors import CourseError
from derived.grading.report import write_report
from derived.grading.report.drawings import draw_tasks
from derived.grading.report.hints import FEWEST, hint
from derived.grading.report.item_analysis import (
    ItemStatistics,
    analyse,
    correlation,
    cronbach_alpha,
    item_total_correlation,
    settled,
    sums,
)

from .graded_course import (
    ASSIGNMENT,
    POINTS,
    add_submission,
    autograded_notebook,
    make_course,
)

NAN = float("nan")


def class_of(students: int, tasks: int, seed: int = 0) -> np.ndarray:
    """Return points from 0 to 5 of students whose ability decides a part of them."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(size=(students, 1))
    return np.clip(np.round(2.5 + ability + rng.normal(size=(students, tasks))), 0, 5)


@pytest.mark.parametrize("tasks", [2, 3, 6])
def test_discrimination_is_numpys_correlation_with_the_other_tasks(tasks):
    points = class_of(40, tasks, seed=tasks)
    for j, value in enumerate(item_total_correlation(points)):
        others = np.delete(points, j, axis=1).sum(axis=1)
        assert value == pytest.approx(np.corrcoef(points[:, j], others)[0, 1], abs=1e-12)


def test_alpha_is_the_mean_covariance_form():
    points = class_of(50, 5)
    covariance = np.cov(points.T)
    k = covariance.shape[0]
    mean_covariance = (covariance.sum() - np.trace(covariance)) / (k * (k - 1))
    expected = k**2 * mean_covariance / covariance.sum()
    assert cronbach_alpha(points) == pytest.approx(expected, abs=1e-12)


def test_known_values():
    same = np.array([[0.0, 0], [1, 1], [2, 2], [3, 3]])
    assert cronbach_alpha(same) == pytest.approx(1.0)
    assert item_total_correlation(same) == pytest.approx([1.0, 1.0])
    opposed = np.array([[0.0, 3], [1, 2], [2, 1], [4, 0]])
    assert item_total_correlation(opposed)[0] == pytest.approx(np.corrcoef(opposed.T)[0, 1])
    assert item_total_correlation(opposed)[0] < -0.9


def test_rows_with_points_missing_do_not_count():
    points = class_of(30, 3)
    with_gaps = np.vstack([points, [[5, NAN, 0], [NAN, NAN, NAN]]])
    assert item_total_correlation(with_gaps) == pytest.approx(item_total_correlation(points))
    assert cronbach_alpha(with_gaps) == pytest.approx(cronbach_alpha(points))
    (first, second, _) = analyse(with_gaps, np.array([5.0, 5.0, 5.0]))
    assert (first.answers, second.answers) == (31, 30)
    assert first.mean == pytest.approx((points[:, 0].sum() + 5) / 31)


def test_a_task_is_settled_with_points_for_nine_in_ten():
    points = np.zeros((20, 4))
    points[:2, 1] = points[:3, 2] = points[:, 3] = NAN
    assert settled(points).tolist() == [True, True, False, False]
    # Who has no points at all still counts: one empty answer does not settle a written task.
    alone = np.full((20, 1), NAN)
    alone[0] = 0.0
    assert not settled(alone).any() and np.isnan(sums(alone)).all()


def with_written_task(students: int = 30, read: int = 9) -> np.ndarray:
    """Return points of four tests, with one gap in the second, and a mostly unread written task."""
    points = class_of(students, 5, seed=7)
    points[read:, 4] = NAN
    points[3, 1] = NAN
    return points


def test_sums_leave_out_the_task_that_waits_and_who_lacks_another():
    points = with_written_task()
    for row, value in zip(points.tolist(), sums(points), strict=True):
        if any(math.isnan(x) for x in row[:4]):
            assert math.isnan(value)
        else:
            assert value == math.fsum(row[:4])
    assert np.isnan(sums(points)).sum() == 1


def test_discrimination_is_over_the_students_with_the_task_and_the_settled_others():
    points = with_written_task()
    for j, value in enumerate(item_total_correlation(points)):
        others = [i for i in range(4) if i != j]
        rows = [row for row in points.tolist() if not any(math.isnan(row[i]) for i in [j, *others])]
        assert len(rows) == (8 if j == 4 else 29)
        x, y = [row[j] for row in rows], [sum(row[i] for i in others) for row in rows]
        assert value == pytest.approx(statistics.correlation(x, y), abs=1e-12)


def test_alpha_is_that_of_the_settled_tasks():
    points = with_written_task()
    tests = np.delete(points[:, :4], 3, axis=0)
    variances = sum(statistics.variance(column) for column in tests.T.tolist())
    expected = 4 / 3 * (1 - variances / statistics.variance(tests.sum(axis=1).tolist()))
    assert cronbach_alpha(points) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((0, 3)),
        np.zeros((10, 0)),
        np.full((10, 3), NAN),
        np.full((10, 3), 2.0),
        np.array([[1.0, 2.0]]),
        np.array([[1.0, 2.0], [2.0, 1.0]]),
        np.full((9, 3), 0.1) + 1e-17,
        np.array([[1.0], [2.0], [3.0]]),
    ],
)
def test_too_little_gives_nan_and_no_warning(points):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(cronbach_alpha(points))
        assert np.isnan(item_total_correlation(points)).all()
        found = analyse(points, np.full(points.shape[1], 2.0))
    assert len(found) == points.shape[1]


def test_one_task_without_spread_does_not_hide_the_others():
    points = np.column_stack([class_of(20, 2), np.full(20, 2.0)])
    values = item_total_correlation(points)
    assert np.isfinite(values[:2]).all() and np.isnan(values[2])


def test_correlation_does_not_depend_on_scale_or_shift():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 25))
    assert correlation(1e-3 * x + 7, -2e4 * y) == pytest.approx(-np.corrcoef(x, y)[0, 1])


def test_shares_are_of_the_most_points():
    points = np.array([[2.0, 0.0], [2.0, 5.0], [0.0, 2.5], [1.0, NAN]])
    first, second = analyse(points, np.array([2.0, 5.0]))
    assert (first.difficulty, first.full, first.zero) == (5 / 8, 0.5, 0.25)
    assert (second.difficulty, second.full, second.zero) == (0.5, 1 / 3, 1 / 3)
    # A third of a point three times is a full point, whatever the sum of floats says.
    (third,) = analyse(np.array([[0.1 + 0.2]]), np.array([0.3]))
    assert third.full == 1.0


def task(**changes: float) -> ItemStatistics:
    good = {"answers": 30, "mean": 3, "difficulty": 0.6, "full": 0.3, "zero": 0.1}
    return ItemStatistics(**(good | {"discrimination": 0.4} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"zero": 0.9, "difficulty": 0.05}, "Almost nobody got points for “T”: look at its test"),
        ({"discrimination": -0.2}, "did worse on “T”: look at its test"),
        ({"full": 0.97, "difficulty": 0.98}, "Almost everybody got full points for “T”"),
        ({"discrimination": 0.05}, "“T” hardly goes with the rest"),
        ({"difficulty": 0.2}, "“T” was hard"),
    ],
)
def test_hints_say_what_stands_out(changes, words):
    assert words in hint("T", task(**changes))


def test_no_hint_without_a_reason_or_with_few_students():
    assert hint("T", task()) == ""
    assert hint("T", task(discrimination=NAN)) == ""
    assert hint("T", task(answers=FEWEST - 1, zero=1.0)) == ""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course with twelve graded submissions, one that waits, and one that is missing."""
    course = make_course(tmp_path_factory.mktemp("report"))
    source = course.folder("source", ".", ASSIGNMENT) / "lab.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(autograded_notebook(), source)
    points = class_of(12, 3)
    most = list(POINTS.values())
    for i, row in enumerate(points):
        scores = {n: min(v, m) for n, v, m in zip(POINTS, row, most, strict=True)}
        scores["test_centred"] = 0.0
        add_submission(course, f"id{i}", scores, first_name="Firstname", last_name="Lastname")
    add_submission(course, "unread", dict.fromkeys(POINTS, 1.0) | {"written": None})
    with course.gradebook() as gradebook:
        gradebook.add_student("missing")
    return course


@pytest.fixture
def page(course: Course, tmp_path: Path) -> BeautifulSoup:
    path = write_report(course, ASSIGNMENT, tmp_path / "report.html")
    return BeautifulSoup(path.read_text("utf8"), "html.parser")


def test_the_page_counts_and_names_tasks_but_no_student(page):
    numbers = {d.dt.get_text(): d.dd.get_text() for d in page.select(".numbers div")}
    assert numbers == {"Students": "14", "Handed in": "13", "Graded": "12", "Need a person": "1"}
    cells = [[c.get_text() for c in row.find_all(["th", "td"])] for row in page.select(".wide tr")]
    heads = [list(row.th.stripped_strings) for row in page.select(".wide tbody tr")]
    assert heads == [
        ["1 · mean", "1 The mean"],
        ["2 · centred", "2 Centred data"],
        ["3 · written", "3 Why the mean", "waits for a person in 1"],
    ]
    caption = " ".join(page.figcaption.get_text().split())
    assert caption == (
        "Points of the 12 graded submissions, of 10, late penalties taken off;"
        " 1 more waits for a person."
    )
    assert [row[2] for row in cells[1:]] == ["13", "13", "12"]
    assert cells[2][-1] == "–"  # nobody got points: no spread
    assert "Almost nobody got points for “2 · centred”" in page.get_text()
    for secret in ("Firstname", "Lastname", "id0", "unread", "missing"):
        assert secret not in str(page)


@pytest.fixture
def waiting(tmp_path: Path) -> BeautifulSoup:
    """Return the page of ten submissions: an empty one with 0 points, and nine that wait."""
    course = make_course(tmp_path)
    source = course.folder("source", ".", ASSIGNMENT) / "lab.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(autograded_notebook(), source)
    add_submission(course, "empty", dict.fromkeys(POINTS, 0.0))
    for i in range(9):
        scores = {"test_mean": 2.0, "test_centred": 3.0 * (i % 2), "written": None}
        add_submission(course, f"id{i}", scores)
    path = write_report(course, ASSIGNMENT, tmp_path / "report.html")
    return BeautifulSoup(path.read_text("utf8"), "html.parser")


def test_the_page_is_useful_before_the_written_answers_are_read(waiting):
    caption = " ".join(waiting.figcaption.get_text().split())
    assert caption == (
        "Points so far, without Task 3 (written), which waits for a person in 9 submissions:"
        " of 5 points, in 10 submissions, late penalties not taken off."
    )
    summary = {row.th.get_text(): row.td.get_text() for row in waiting.table.select("tbody tr")}
    totals = [0, *[2 + 3 * (i % 2) for i in range(9)]]
    assert float(summary["Mean"]) == statistics.mean(totals) == 3.0
    assert float(summary["Median"]) == statistics.median(totals)
    counts = waiting.find(id="totals-desc").get_text()
    assert [int(part.split(": ")[1]) for part in counts.split("; ")] == [1, 5, 4]
    rows = [[td.get_text() for td in row.find_all("td")] for row in waiting.select(".wide tr")[1:]]
    mean, centred = [0, *[2] * 9], [0, *[3 * (i % 2) for i in range(9)]]
    assert rows[0][-1] == rows[1][-1] == f"{statistics.correlation(mean, centred):.2f}"
    assert (rows[2][1], rows[2][-1]) == ("1", "–")
    # The one empty answer with 0 points says nothing about the nine that nobody has read.
    assert "“3 · written”" not in waiting.get_text()
    assert "3 · written" not in waiting.find(id="tasks-desc").get_text()


def test_the_page_stands_alone_and_is_marked_up_for_everybody(page):
    assert page.find_all(["script", "link", "img", "iframe"]) == []
    assert "default-src 'none'" in page.select_one("meta[http-equiv]")["content"]
    assert [h.name for h in page.find_all(["h1", "h2", "h3"])] == ["h1", *["h2"] * 3, *["h3"] * 2]
    assert all(th.get("scope") for th in page.find_all("th"))
    assert all(table.caption for table in page.find_all("table"))
    for svg in page.find_all("svg"):
        names = svg["aria-labelledby"].split()
        assert svg["role"] == "img" and all(page.find(id=name).get_text() for name in names)
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    inside = {u.split(")")[0] for u in str(page).split("url(#")[1:]}
    assert inside <= set(ids)


def test_a_warning_stands_on_the_page_if_there_was_no_sandbox(course, page, tmp_path):
    assert page.select_one(".warning") is None
    nb = autograded_notebook()
    nb.metadata["derived"] = {"unsafe": True}
    path = course.folder("autograded", "id0", ASSIGNMENT) / "lab.ipynb"
    before = path.read_text("utf8")
    nbformat.write(nb, path)
    html = write_report(course, ASSIGNMENT, tmp_path / "r.html").read_text("utf8")
    path.write_text(before, "utf8")
    assert "1 of 13 submissions" in html and 'class="warning"' in html


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_telephone_in_both_themes(course, browser: Browser, tmp_path, scheme):
    path = write_report(course, ASSIGNMENT, tmp_path / "report.html")
    shown = browser.new_page(viewport={"width": 375, "height": 800}, color_scheme=scheme)
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(path.as_uri())
    assert asked == [path.as_uri()]
    assert shown.evaluate("document.documentElement.scrollWidth") <= 375
    box = shown.get_by_role("region", name="Table of the tasks")
    box.focus()
    shown.keyboard.press("ArrowRight")
    deadline = time.monotonic() + 20  # the page's policy forbids the `eval` of wait_for_function
    while not box.evaluate("(e) => e.scrollLeft > 0"):
        assert time.monotonic() < deadline, "the arrow key does not move the table"
        time.sleep(0.02)
    assert box.evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
    inks = shown.evaluate(
        """[...document.querySelectorAll('svg [style*="fill: currentColor"]')].map(
            (letters) => getComputedStyle(letters).fill)"""
    )
    text = shown.evaluate("getComputedStyle(document.body).color")
    assert len(inks) > 10 and set(inks) == {text}  # plots take the page's colour
    shown.close()


def test_a_wide_page_gives_the_names_of_tasks_room(course, browser: Browser, tmp_path):
    path = write_report(course, ASSIGNMENT, tmp_path / "report.html")
    shown = browser.new_page(viewport={"width": 1280, "height": 800})
    shown.goto(path.as_uri())
    width = "(e) => e.getBoundingClientRect().width"
    assert shown.locator("main").evaluate(width) == 960
    assert shown.locator(".wide tbody th").first.evaluate(width) >= 14 * 16
    box = shown.locator(".wide")
    assert box.evaluate("(e) => e.scrollWidth <= e.clientWidth")
    aligned = box.locator("td").evaluate_all(
        "(all) => all.map((e) => getComputedStyle(e).textAlign)"
    )
    assert set(aligned) == {"right"}
    shown.close()


def test_labels_of_many_tasks_stand_on_lines_of_their_own():
    about = task()
    heights = [
        float(
            BeautifulSoup(draw_tasks([f"{i} · f" for i in range(n)], [about] * n), "html.parser")
            .svg["viewbox"]
            .split()[3]
        )
        for n in (5, 6, 17)
    ]
    row = heights[1] - heights[0]
    assert row >= 2 * 9  # points: twice the size of the letters
    assert heights[2] - heights[0] == pytest.approx(12 * row)


def test_nobody_and_nothing_still_make_a_page(tmp_path):
    course = make_course(tmp_path)
    html = write_report(course, ASSIGNMENT, tmp_path / "report.html").read_text("utf8")
    assert "No task has points for nearly all submissions yet." in html
    with course.gradebook() as gradebook:
        gradebook.add_assignment("empty")
    html = write_report(course, "empty", tmp_path / "report.html").read_text("utf8")
    assert "The assignment has no graded task." in html


def test_names_of_tasks_are_text(tmp_path):
    course = make_course(tmp_path)
    nb = autograded_notebook()
    nb.cells[0].source = "## <script>alert(1)</script> costs $5 & $x$"
    source = course.folder("source", ".", ASSIGNMENT) / "lab.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(nb, source)
    add_submission(course, "ann", dict.fromkeys(POINTS, 1.0))
    html = write_report(course, ASSIGNMENT, tmp_path / "report.html").read_text("utf8")
    assert "<script" not in html and "&lt;script&gt;" in html


def test_an_assignment_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CourseError, match="no assignment 'ps9': it has ps1"):
        write_report(make_course(tmp_path), "ps9", tmp_path / "r.html")
