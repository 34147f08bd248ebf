"""The network trainer driven in a browser; its weights against derived.nn's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from playwright.sync_api import Page

from derived import nn
from derived.widgets import NetworkTrainer
from tests.widgets.conftest import OpenPage, wait_until
from tests.widgets.oracles import replay
from tests.widgets.reader import model, number, press


def epoch(page: Page) -> int:
    return int(page.locator(".dld-epoch").inner_text().split()[1].replace(",", ""))


def fragment(page: Page) -> str:
    return str(page.evaluate("location.hash"))


def picture(page: Page) -> str:
    return str(page.evaluate("document.querySelector('.dld-surface').toDataURL()"))


def check_against_numpy(page: Page, epochs: int) -> None:
    """The page's weights and numbers are what derived.nn gets from the same start."""
    press(page, "Reset")
    start, points = model(page, "parameters"), np.array(model(page, "points"))
    assert points.shape == (200, 3)
    configuration = {
        "activation": model(page, "activation"),
        "learningRate": model(page, "learning_rate"),
        "batchSize": model(page, "batch_size"),
        "seed": model(page, "seed"),
    }
    for _ in range(epochs):
        press(page, "Step")
    assert epoch(page) == model(page, "epoch") == epochs
    network, losses = replay(start, (points[:, :2], points[:, 2]), configuration, epochs)
    dense = [layer for layer in network.layers if isinstance(layer, nn.Dense)]
    for got, layer in zip(model(page, "parameters"), dense, strict=True):
        np.testing.assert_allclose(got["weight"], layer.parameters["weight"], rtol=0, atol=1e-6)
        np.testing.assert_allclose(got["bias"], layer.parameters["bias"], rtol=0, atol=1e-6)
    assert number(page, "train-loss") == f"{losses[-1]:.4f}"
    right = np.mean((network.forward(points[:, :2])[:, 0] > 0) == (points[:, 2] == 1))
    assert number(page, "train-accuracy") == f"{100 * right:.1f} %"
    assert (
        f"Epoch {epochs}: training loss {losses[-1]:.4f}"
        in page.locator(".dld-status").inner_text()
    )


def test_steps_are_those_of_derived_nn(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer("spirals", hidden=(5, 3), learning_rate=0.3, seed=4))
    before = picture(page)
    check_against_numpy(page, 3)
    assert picture(page) != before


def test_after_every_choice_the_numbers_are_right(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer())
    page.get_by_role("combobox", name="Data").select_option("xor")
    page.get_by_role("combobox", name="Activation").select_option("relu")
    page.get_by_role("combobox", name="Learning rate").select_option("1")
    page.get_by_role("combobox", name="Batch size").select_option("200")
    page.get_by_label("Noise").fill("0.1")
    page.get_by_label("Seed").fill("77")
    page.get_by_label("Layer 2 units").fill("6")
    page.get_by_label("Layer 2 units").press("Enter")
    press(page, "Add layer")
    assert model(page, "hidden") == [4, 6, 4]
    assert (model(page, "dataset"), model(page, "noise"), model(page, "seed")) == ("xor", 0.1, 77)
    assert page.locator(".dld-unit").count() == 14
    check_against_numpy(page, 2)
    press(page, "Remove layer")
    press(page, "New seed")
    assert (model(page, "hidden"), model(page, "seed")) == ([4, 6], 78)
    assert epoch(page) == 0


def test_play_and_pause_by_keyboard(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer("blobs", hidden=(3,)))
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("Space")
    wait_until(lambda: epoch(page) > 5)
    page.keyboard.press("Enter")
    paused = epoch(page)
    assert page.get_by_role("button", name="Play").is_visible()
    page.wait_for_timeout(300)
    assert epoch(page) == paused == model(page, "epoch")
    assert model(page, "metrics")["train_loss"] == pytest.approx(
        float(number(page, "train-loss")), abs=6e-5
    )


def test_playing_and_stepping_give_the_same_weights(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer(hidden=(3,)))
    press(page, "Play")
    wait_until(lambda: epoch(page) > 3)
    press(page, "Pause")
    played, epochs = model(page, "parameters"), epoch(page)
    press(page, "Reset")
    for _ in range(epochs):
        page.evaluate(
            "[...document.querySelectorAll('button')].find((b) => b.textContent === 'Step').click()"
        )
    assert model(page, "parameters") == played


def test_touch_plays_and_a_linear_model_stays_linear(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer("rings", hidden=()), width=375, has_touch=True, is_mobile=True)
    assert page.locator(".dld-unit").count() == 0
    page.get_by_role("button", name="Play").tap()
    wait_until(lambda: epoch(page) > 30)
    page.get_by_role("button", name="Pause").tap()
    assert len(model(page, "parameters")) == 1
    assert model(page, "metrics")["train_accuracy"] < 0.7, "rings cannot be separated by a line"


def test_a_hidden_layer_learns_the_rings(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer("rings", hidden=(6,), learning_rate=1.0, noise=0.1))

    def test_accuracy() -> float:
        return float(number(page, "test-accuracy").removesuffix(" %"))

    assert test_accuracy() < 80
    press(page, "Play")
    wait_until(lambda: test_accuracy() > 97, seconds=20)  # from epoch to epoch it may fall again


def test_nothing_moves_by_itself(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer())
    page.wait_for_timeout(300)
    assert epoch(page) == 0


def test_with_reduced_motion_the_picture_changes_slowly(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer(hidden=(2,)), reduced_motion="reduce")
    page.evaluate(
        """() => {
          window.changes = [performance.now()];
          const shown = document.querySelector(".dld-epoch");
          const note = () => window.changes.push(performance.now());
          const all = { childList: true, characterData: true, subtree: true };
          new MutationObserver(note).observe(shown, all);
        }"""
    )
    press(page, "Play")
    wait_until(lambda: epoch(page) >= 3, seconds=20)
    times = page.evaluate("window.changes")
    assert len(times) >= 4
    assert all(after - before > 700 for before, after in itertools.pairwise(times))


def test_a_diverging_run_stops_and_says_so(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer("xor", hidden=(8, 8, 8), activation="linear", learning_rate=10))
    press(page, "Play")
    wait_until(lambda: "Lower the learning rate" in page.locator(".dld-status").inner_text())
    assert page.get_by_role("button", name="Play").is_disabled()
    press(page, "Reset")
    assert page.get_by_role("button", name="Play").is_enabled()


# ---- the address


def test_a_choice_stands_in_the_address_and_comes_back(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer())
    assert fragment(page) == "", "a figure that nobody touched leaves the address alone"
    page.get_by_role("combobox", name="Data").select_option("rings")
    page.get_by_label("Layer 1 units").fill("7")
    page.get_by_label("Layer 1 units").press("Enter")
    address = fragment(page)
    assert address.startswith("#network=dataset:rings,") and "hidden:7-4" in address
    press(page, "Step")
    weights = model(page, "parameters")
    other = open_page(NetworkTrainer(), fragment=address)
    assert (model(other, "dataset"), model(other, "hidden")) == ("moons", [4, 4]), "as stored"
    assert other.get_by_role("combobox", name="Data").input_value() == "rings"
    press(other, "Step")
    assert model(other, "parameters") == weights
    other.evaluate("location.hash = '#network=dataset:blobs,seed:9'")
    wait_until(lambda: other.get_by_role("combobox", name="Data").input_value() == "blobs")
    assert other.get_by_label("Layer 1 units").input_value() == "7"
    assert other.get_by_label("Seed").input_value() == "9"


def test_a_bad_address_is_ignored(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer("blobs"), fragment="#network=dataset:nowhere,hidden:99,rate:-3")
    assert page.get_by_role("combobox", name="Data").input_value() == "blobs"
    press(page, "Step")
    assert epoch(page) == 1


def test_another_anchor_is_left_alone(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer("xor"), fragment="#summary")
    assert page.get_by_role("combobox", name="Data").input_value() == "xor"
    press(page, "Step")
    assert fragment(page) == "#summary"


def test_the_link_can_be_copied(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer())
    press(page, "Copy link")
    wait_until(lambda: "link to this configuration" in page.locator(".dld-status").inner_text())
    assert fragment(page).startswith("#network=dataset:moons")


def test_in_jupyterlab_the_address_is_not_touched(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer("moons", url_key="net"))
    page.evaluate(
        """async () => {
        document.body.dataset.jpThemeLight = 'true';
        const model = window.figureModels[0], text = model.get('_esm');
        const url = URL.createObjectURL(new Blob([text], { type: 'application/javascript' }));
        const module = await import(url);
        const el = document.body.appendChild(document.createElement('div'));
        document.querySelector('.dld').remove();
        module.default.render({ model, el, experimental: {} }); }"""
    )
    page.get_by_role("combobox", name="Data").select_option("rings")
    assert model(page, "dataset") == "rings" and fragment(page) == ""
    assert page.get_by_role("button", name="Copy link").count() == 0


def test_python_changes_the_configuration(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer())
    press(page, "Step")
    page.evaluate("window.figureModels[0].set('hidden', [2])")
    assert page.locator(".dld-unit").count() == 2
    assert epoch(page) == 0
