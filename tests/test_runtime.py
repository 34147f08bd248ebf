"""Profiles, devices and seeds, with machines that this one is not, made by hand."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
import torch

from derived import runtime


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    monkeypatch.delenv("DERIVED_PROFILE", raising=False)
    monkeypatch.delenv("LOCAL_RANK", raising=False)


@pytest.fixture
def machine(monkeypatch):
    """Return a function that makes PyTorch see the given accelerators."""

    def make(*, cuda: bool = False, mps: bool = False, build: str | None = None) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.version, "cuda", build)

    return make


@pytest.mark.parametrize(
    ("seen", "kind", "name"),
    [
        ({}, "cpu", "cpu"),
        ({"mps": True}, "mps", "gpu"),
        ({"cuda": True, "mps": True}, "cuda", "gpu"),
    ],
)
def test_auto_takes_the_fastest_device_there_is(machine, seen, kind, name):
    machine(**seen)
    assert runtime.device().type == kind
    profile = runtime.profile()
    assert (profile.name, profile.device.type) == (name, kind)


def test_a_launched_process_gets_the_card_of_its_number(machine, monkeypatch):
    machine(cuda=True)
    assert runtime.device() == torch.device("cuda", 0)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert runtime.profile("gpu").device == torch.device("cuda", 3)


def test_the_environment_decides_auto_and_nothing_else(machine, monkeypatch):
    machine(cuda=True)
    monkeypatch.setenv("DERIVED_PROFILE", "ci")
    assert runtime.profile().name == "ci"
    assert runtime.profile("auto").device == torch.device("cpu")
    assert runtime.profile("gpu").name == "gpu"
    assert runtime.profile("cpu").name == "cpu"
    monkeypatch.setenv("DERIVED_PROFILE", "")
    assert runtime.profile().name == "gpu"


@pytest.mark.parametrize("name", ["ci", "cpu"])
def test_small_profiles_stay_on_the_cpu_even_beside_a_gpu(machine, name):
    machine(cuda=True)
    profile = runtime.profile(name)
    assert profile.device == torch.device("cpu")
    assert profile.embedded_data == (name == "ci")


@pytest.mark.parametrize(
    ("build", "advice"), [(None, "build without GPU support"), ("12.8", "Change runtime type")]
)
def test_a_gpu_that_is_missing_is_explained(machine, build, advice):
    machine(build=build)
    with pytest.raises(RuntimeError, match=advice) as caught:
        runtime.profile("gpu")
    assert 'PROFILE = "cpu"' in str(caught.value)


def test_unknown_profiles_are_refused_with_where_they_came_from(monkeypatch):
    with pytest.raises(ValueError, match="got 'tpu'"):
        runtime.profile("tpu")
    monkeypatch.setenv("DERIVED_PROFILE", "fast")
    with pytest.raises(ValueError, match=r"\$DERIVED_PROFILE is 'fast'"):
        runtime.profile()


def test_choose_takes_the_value_of_the_profile():
    values = {name: runtime.profile(name).choose(ci=1, cpu=2, gpu=3) for name in ("ci", "cpu")}
    assert values == {"ci": 1, "cpu": 2}
    assert runtime.Profile("gpu", torch.device("cuda")).choose(ci=1, cpu=2, gpu=3) == 3


def test_profiles_cannot_be_changed():
    with pytest.raises(AttributeError):
        runtime.profile("ci").name = "gpu"  # type: ignore[misc]


def _draws(seed: int) -> list[list[float]]:
    ours, generator = runtime.seed_everything(seed)
    return [
        ours.random(3).tolist(),
        torch.rand(3, generator=generator).tolist(),
        torch.rand(3).tolist(),
        np.random.random(3).tolist(),  # noqa: NPY002  (the legacy generator is seeded too)
        [random.random() for _ in range(3)],
    ]


def test_seeds_give_the_same_numbers_again_and_other_seeds_others():
    first, again, other = _draws(5), _draws(5), _draws(6)
    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_the_torch_generator_does_not_repeat_the_global_stream():
    _, generator = runtime.seed_everything(0)
    assert torch.rand(4, generator=generator).tolist() != torch.rand(4).tolist()
    assert generator.device == torch.device("cpu")


def test_the_numpy_generator_is_the_familiar_one():
    ours, _ = runtime.seed_everything(7)
    assert ours.random() == np.random.default_rng(7).random()


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, "0"])
def test_impossible_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="seed must be an integer"):
        runtime.seed_everything(seed)


def test_the_hardware_is_described_in_one_line():
    line = runtime.describe(torch.device("cpu"))
    assert "\n" not in line and torch.__version__ in line
    assert re.search(r" · \d+ cores? · \d+ torch threads? · torch ", line)


def test_accelerators_are_described_by_their_names(machine, monkeypatch):
    machine(cuda=True, build="12.8")

    class Card:
        name = "Some Card"
        total_memory = 80 * 2**30

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: Card)
    assert runtime.describe().startswith("Some Card · 80 GiB · CUDA 12.8 · torch ")
    machine(mps=True)
    assert "Apple GPU (mps)" in runtime.describe()


def test_one_core_is_not_called_cores(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert "1 torch thread ·" in runtime.describe(torch.device("cpu"))
