"""The figures of latent codes, in Node and in a browser, against derived.nn."""

from __future__ import annotations

import base64
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from derived import nn
from derived.widgets import LatentMap, LatentSliders
from tests.widgets.conftest import JavaScript, OpenPage
from tests.widgets.latent_models import decoder_of, latent_map, latent_sliders

FEW = settings(max_examples=20, deadline=None)


def numbers(rng: np.random.Generator, count: int = 3) -> dict[str, Any]:
    return {"codes": rng.normal(size=(count, 2)), "labels": ["a"] * count}


# ---- the Python side

RNG = np.random.default_rng(0)
WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: LatentMap(nn.Dense(2, 4, rng=RNG), **numbers(RNG)), "pass a derived.nn.Sequential"),
    (lambda: LatentMap(decoder_of(RNG, latent=3), **numbers(RNG)), "takes 3 numbers"),
    (lambda: LatentMap(decoder_of(RNG, pixels=24), **numbers(RNG)), "square picture"),
    (lambda: LatentMap(decoder_of(RNG, pixels=33**2), **numbers(RNG)), "32×32"),
    (
        lambda: LatentMap(
            nn.Sequential(nn.Dense(2, 3, rng=RNG), nn.Dense(4, 9, rng=RNG)), **numbers(RNG)
        ),
        "layer 1 expects 4 numbers, the layer before it gives 3",
    ),
    (
        lambda: LatentMap(nn.Sequential(nn.Tanh(), nn.Dense(2, 9, rng=RNG)), **numbers(RNG)),
        "layer 0 is a Tanh",
    ),
    (
        lambda: LatentMap(
            nn.Sequential(nn.Dense(2, 9, rng=RNG), nn.Tanh(), nn.Tanh()), **numbers(RNG)
        ),
        "layer 2 is a Tanh",
    ),
    (lambda: LatentMap(decoder_of(RNG, hidden=8000), **numbers(RNG)), "at most 200000"),
    (lambda: LatentMap(decoder_of(RNG), np.zeros((3, 3)), "abc"), r"shape \(3, 3\)"),
    (lambda: LatentMap(decoder_of(RNG), **numbers(RNG, 501)), "from 1 to 500"),
    (lambda: LatentMap(decoder_of(RNG), np.zeros((3, 2)), [1, 2]), "2 labels for 3 codes"),
    (lambda: LatentMap(decoder_of(RNG), np.zeros((1, 2)), ["cat"]), "one or two characters"),
    (lambda: LatentSliders(decoder_of(RNG, latent=13)), "for 2 to 12"),
    (lambda: latent_sliders(code=[0, 0]), r"code has shape \(2,\)"),
    (lambda: latent_sliders(code=[0, 0, 4, 0, 0]), "from -3 to 3"),
    (lambda: latent_sliders(information=[1]), "information has shape"),
    (lambda: latent_sliders(seed=-1), "seed"),
    (lambda: setattr(latent_sliders(), "code", [1.0]), r"code has shape \(1,\)"),
    (lambda: latent_map(point=[np.nan, 0]), "point has an entry"),
    (lambda: setattr(latent_map(), "point", [1.0]), r"point has shape \(1,\)"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_wrong_argument_says_what_to_do(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_the_figures_are_stored_as_short_stable_texts() -> None:
    assert repr(latent_map()) == "LatentMap(2-7-25, 60 codes)"
    assert repr(latent_sliders()) == "LatentSliders(5-7-25)"


# ---- the numbers


@FEW
@given(
    hidden=st.lists(st.integers(1, 6), max_size=2),
    side=st.integers(2, 5),
    count=st.integers(1, 4),
    kind=st.sampled_from([nn.ReLU, nn.Sigmoid, nn.Tanh, None]),
    seed=st.integers(0, 9999),
)
def test_decoding_is_that_of_derived_nn(
    javascript: JavaScript, hidden: list[int], side: int, count: int, kind: Any, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    sizes = [2, *hidden, side**2]
    layers: list[nn.Layer] = []
    for inputs, outputs in pairwise(sizes):
        layer = nn.Dense(inputs, outputs, rng=rng)
        layer.parameters["bias"][:] = rng.normal(size=outputs)
        for values in layer.parameters.values():  # the page keeps float32
            values[:] = values.astype(np.float32)
        layers += [layer] if kind is None else [layer, kind()]
    decoder = nn.Sequential(*layers)
    figure = LatentMap(decoder, rng.normal(size=(3, 2)), list("abc"))
    traits = {name: getattr(figure, name) for name in ("sizes", "activations", "weights")}
    points = rng.normal(size=(count, 2))
    got = javascript.call("decodeLatent", traits, points.tolist())
    np.testing.assert_allclose(got, np.clip(decoder.forward(points), 0, 1), atol=1e-12)


def test_the_weights_are_packed_in_the_order_of_the_layers() -> None:
    rng = np.random.default_rng(1)
    decoder = decoder_of(rng)
    figure = LatentMap(decoder, rng.normal(size=(2, 2)), list("ab"))
    packed = np.frombuffer(base64.b64decode(figure.weights), "<f4")
    dense = [layer for layer in decoder.layers if isinstance(layer, nn.Dense)]
    parts = [layer.parameters[name].ravel() for layer in dense for name in ("weight", "bias")]
    np.testing.assert_allclose(packed, np.concatenate(parts), rtol=1e-6)


@FEW
@given(count=st.integers(1, 30), seed=st.integers(0, 9999))
def test_the_nearest_code_the_means_and_the_frame(
    javascript: JavaScript, count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(count, 2))
    labels = [str(k) for k in rng.integers(0, 12, count)]
    point = rng.normal(size=2)
    distances = np.linalg.norm(codes - point, axis=1)
    found = javascript.call("latent", "nearest", codes.tolist(), point.tolist())
    assert found["number"] == int(distances.argmin())
    assert found["distance"] == pytest.approx(distances.min())
    means = javascript.call("latent", "centers", codes.tolist(), labels)
    assert set(means) == set(labels)
    for label, mean in means.items():
        own = codes[[each == label for each in labels]]
        np.testing.assert_allclose(mean, own.mean(axis=0), atol=1e-12)
    frame = javascript.call("latent", "frame", codes.tolist())
    low = np.array(frame["low"])
    assert (codes > low).all() and (codes < low + frame["size"]).all()


# ---- in the page


def model(page: Page, name: str) -> Any:
    return page.evaluate(f"window.figureModels[0].get('{name}')")


def red(page: Page, canvas: str, x: int, y: int) -> list[int]:
    """The red of 5 by 5 pixels of a canvas, from (x, y) on."""
    read = "(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 5, 5).data]"
    values: list[int] = page.locator(canvas).evaluate(read, [x, y])
    return values[::4]


def check_point(page: Page, figure: LatentMap) -> None:
    """What is shown and stored at this moment is what derived.nn gives for the point."""
    point = np.array(model(page, "point"))
    decoder = decoder_of(np.random.default_rng(4))
    want = decoder.forward(point[np.newaxis])[0]
    np.testing.assert_allclose(model(page, "picture"), want, atol=1e-5)
    shown = red(page, ".dld-decoded", 0, 0)
    np.testing.assert_allclose(shown, 255 * want, atol=1)
    distances = np.linalg.norm(np.array(figure.codes) - point, axis=1)
    near = int(distances.argmin())
    status = page.locator(".dld-status").inner_text()
    assert f"the nearest code is of {figure.labels[near]}, {distances[near]:.2f} away" in status


def test_the_point_is_dragged_and_moved_by_keys(open_page: OpenPage) -> None:
    figure = latent_map(point=[0.0, 0.0])
    page = open_page(figure)
    handle = page.locator(".dld-handle")
    handle.focus()
    page.keyboard.press("Shift+ArrowUp")
    first = model(page, "point")
    assert first[0] == 0 and first[1] > 0.3
    check_point(page, figure)
    box = page.locator(".dld-codes").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.9 * box["height"], steps=3)
    page.mouse.up()
    second = model(page, "point")
    assert second[0] < -1 and second[1] < -1
    check_point(page, figure)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 5 * box["width"], box["y"] - 400, steps=3)
    page.mouse.up()
    corner = model(page, "point")
    assert corner[0] > 2 and corner[1] > 2, "the point stays in the map"
    check_point(page, figure)
    page.get_by_role("button", name="Reset", exact=True).click()
    assert model(page, "point") == [0, 0]


def test_going_to_the_mean_of_a_label(open_page: OpenPage) -> None:
    figure = latent_map()
    page = open_page(figure)
    goal = page.locator(".dld-field", has_text="Go to").locator("select")
    assert goal.locator("option").all_inner_texts() == ["…", "0", "1", "2", "3"]
    goal.select_option("2")
    own = np.array(figure.codes)[[label == "2" for label in figure.labels]]
    np.testing.assert_allclose(model(page, "point"), own.mean(axis=0), atol=6e-4)
    assert goal.input_value() == "2"
    check_point(page, figure)
    page.locator(".dld-handle").press("ArrowLeft")
    assert goal.input_value() == "", "one step further it is no longer the mean"
    for number in (0, 1):
        page.get_by_role("button", name="Next example").click()
        np.testing.assert_allclose(model(page, "point"), figure.codes[number], atol=6e-4)
        check_point(page, figure)


def test_the_map_of_pictures_is_decoded_where_it_stands(open_page: OpenPage) -> None:
    figure = latent_map()
    page = open_page(figure)
    tiles = page.locator(".dld-tiles")
    assert not tiles.is_visible()
    page.locator(".dld-field", has_text="Map of").locator("select").select_option("tiles")
    assert tiles.is_visible()
    codes = np.array(figure.codes)
    low, high = codes.min(axis=0), codes.max(axis=0)
    size = 1.12 * (high - low).max()
    corner = (low + high - size) / 2
    across, down = 3, 10  # of 14 tiles, the rows counted from the top
    point = corner + size * np.array([(across + 0.5) / 14, 1 - (down + 0.5) / 14])
    want = decoder_of(np.random.default_rng(4)).forward(point[np.newaxis])[0]
    np.testing.assert_allclose(red(page, ".dld-tiles", 6 * across, 6 * down), 255 * want, atol=1)


# ---- one slider a number


def effect_of(decoder: nn.Sequential, code: Any, dimension: int) -> float:
    """The root mean square change of a pixel from -1 to 1, the other numbers held."""
    ends = np.array([code, code], dtype=float)
    ends[:, dimension] = [-1, 1]
    low, high = np.clip(decoder.forward(ends), 0, 1)
    return float(np.sqrt(np.mean((high - low) ** 2)))


def traits_of(figure: LatentSliders) -> dict[str, Any]:
    return {name: getattr(figure, name) for name in ("sizes", "activations", "weights")}


@FEW
@given(dimensions=st.integers(2, 6), seed=st.integers(0, 9999))
def test_the_effects_are_those_of_derived_nn(
    javascript: JavaScript, dimensions: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    decoder = decoder_of(rng, latent=dimensions)
    code = rng.uniform(-3, 3, dimensions)
    got = javascript.call("effects", traits_of(LatentSliders(decoder)), code.tolist())
    assert len(got) == dimensions
    for i, row in enumerate(got):
        assert row["effect"] == pytest.approx(effect_of(decoder, code, i), abs=1e-5)
        points = np.repeat(code[np.newaxis], 7, axis=0)
        points[:, i] = range(-3, 4)
        np.testing.assert_allclose(row["pictures"], decoder.forward(points), atol=1e-5)


def check_sliders(page: Page) -> None:
    decoder = decoder_of(np.random.default_rng(7), latent=5)
    decoder.layers[0].parameters["weight"][:, 2] = 0.0
    code = np.array(model(page, "code"))
    want = decoder.forward(code[np.newaxis])[0]
    np.testing.assert_allclose(model(page, "picture"), want, atol=1e-5)
    np.testing.assert_allclose(red(page, ".dld-decoded", 0, 0), 255 * want, atol=1)
    texts = page.locator(".dld-effect").all_inner_texts()
    effects = [effect_of(decoder, code, i) for i in range(5)]
    assert [float(text.split()[1].strip(",")) for text in texts] == pytest.approx(effects, abs=6e-4)
    assert effects[2] == 0 and "z₃ least (0.000)" in page.locator(".dld-status").inner_text()
    strip = page.locator(".dld-strip").nth(1)
    values = strip.evaluate("c => [...c.getContext('2d').getImageData(30, 0, 5, 5).data]")[::4]
    code[1] = 2.0
    np.testing.assert_allclose(values, 255 * decoder.forward(code[np.newaxis])[0], atol=1)


def test_every_number_is_moved_and_sampled(open_page: OpenPage) -> None:
    page = open_page(latent_sliders(code=[0.5, -1, 0, 2, -0.25], information=[1, 2, 0, 0.5, 0.25]))
    assert "2.00 nats" in page.locator(".dld-effect").nth(1).inner_text()
    first = page.locator(".dld-slider").first
    first.fill("-2.5")
    first.press("ArrowRight")
    assert model(page, "code") == [-2.45, -1, 0, 2, -0.25]
    check_sliders(page)
    drawn = []
    for _ in range(2):
        page.get_by_role("button", name="New sample").click()
        drawn.append(model(page, "code"))
        check_sliders(page)
    assert drawn[0] != drawn[1]
    page.get_by_role("button", name="All zero").click()
    assert model(page, "code") == [0] * 5
    page.get_by_role("button", name="Reset").click()
    assert model(page, "code") == [0.5, -1, 0, 2, -0.25]
    page.get_by_role("button", name="New sample").click()
    assert model(page, "code") == drawn[0], "the seed begins again"
