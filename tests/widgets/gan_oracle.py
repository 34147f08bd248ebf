"""The game of generator and discriminator, played a second time with derived.nn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm

from derived import nn
from tests.widgets.oracles import PCG32

Values = NDArray[np.float64]
MODES = {"one": [(1.5, 0.7)], "two": [(-2.0, 0.5), (2.0, 0.5)]}
BATCH = 64
EDGES = np.linspace(-6, 6, 241)


def network_of(layers: list[dict[str, Any]]) -> nn.Sequential:
    """A derived.nn twin of parameters as the page gives them: tanh between the layers."""
    made: list[nn.Layer] = []
    for layer in layers:
        outputs, inputs = np.shape(layer["weight"])
        dense = nn.Dense(inputs, outputs, rng=np.random.default_rng(0))
        dense.parameters["weight"][:] = layer["weight"]
        dense.parameters["bias"][:] = layer["bias"]
        made += [dense, nn.Tanh()]
    return nn.Sequential(*made[:-1])


class Batches:
    """The page's random numbers: Box and Muller on PCG32, stream 3."""

    def __init__(self, seed: int) -> None:
        self.random = PCG32(seed, 3)

    def uniform(self) -> float:
        return (self.random.uint32() + 0.5) / 2**32

    def normal(self) -> float:
        radius = np.sqrt(-2 * np.log(self.uniform()))
        return float(radius * np.cos(2 * np.pi * self.uniform()))

    def noise(self) -> Values:
        return np.array([[self.normal()] for _ in range(BATCH)])

    def data(self, name: str) -> Values:
        modes = MODES[name]
        rows = []
        for _ in range(BATCH):
            mean, deviation = modes[self.random.below(2) if len(modes) > 1 else 0]
            rows.append([mean + deviation * self.normal()])
        return np.array(rows)


def step_generator(
    generator: nn.Sequential, discriminator: nn.Sequential, noise: Values, loss: str
) -> float:
    """Leave the gradients of L_G in the generator; returns L_G."""
    sign, target = (-1.0, 0.0) if loss == "minimax" else (1.0, 1.0)
    criterion = nn.BinaryCrossEntropy()
    logits = discriminator.forward(generator.forward(noise))
    value = sign * criterion.forward(logits, np.full_like(logits, target))
    generator.backward(discriminator.backward(sign * criterion.backward()))
    return value


def replay_game(
    start: dict[str, list[dict[str, Any]]], configuration: dict[str, Any], steps: int
) -> tuple[nn.Sequential, nn.Sequential]:
    """Algorithm 1 with derived.nn from the same weights on the same batches: G and D."""
    generator, discriminator = (network_of(start[name]) for name in ("generator", "discriminator"))
    down = {
        name: nn.SGD(net, configuration[f"{name}Rate"])
        for name, net in (("generator", generator), ("discriminator", discriminator))
    }
    batches = Batches(configuration["seed"])
    for _ in range(steps):
        for _ in range(configuration["k"]):
            real = batches.data(configuration["data"])
            fake = generator.forward(batches.noise())
            signals = []
            for x, target in ((real, 1.0), (fake, 0.0)):  # two means, one after the other
                criterion = nn.BinaryCrossEntropy()
                logits = discriminator.forward(x)
                criterion.forward(logits, np.full_like(logits, target))
                discriminator.backward(criterion.backward())
                signals.append({k: v.copy() for k, v in discriminator.gradients.items()})
            for key, gradient in discriminator.gradients.items():
                gradient[:] = signals[0][key] + signals[1][key]
            down["discriminator"].step()
        step_generator(generator, discriminator, batches.noise(), configuration["loss"])
        down["generator"].step()
    return generator, discriminator


def density_of(name: str, x: Any) -> Any:
    return np.mean([norm.pdf(x, mean, deviation) for mean, deviation in MODES[name]], axis=0)


def one(network: nn.Sequential, x: float) -> float:
    return float(network.forward(np.array([[x]]))[0, 0])


def value_of(generator: nn.Sequential, discriminator: nn.Sequential, data: str) -> float:
    """V(D, G) by adaptive quadrature."""

    def real(x: float) -> float:
        return -float(density_of(data, x)) * float(np.logaddexp(0, -one(discriminator, x)))

    def fake(z: float) -> float:
        return -float(norm.pdf(z)) * float(np.logaddexp(0, one(discriminator, one(generator, z))))

    first = sum(quad(real, a, a + 2, epsabs=1e-7)[0] for a in range(-6, 6, 2))
    return float(first + sum(quad(fake, a, a + 2, epsabs=1e-7)[0] for a in range(-6, 6, 2)))


def sampled_masses(generator: nn.Sequential, count: int = 400_000) -> Values:
    """Shares of very many generated numbers in the cells: what the change of variables must give.

    The z are equally probable quantiles, which come closer than random ones.
    """
    z = norm.ppf((np.arange(count) + 0.5) / count)[:, np.newaxis]
    counts, _ = np.histogram(generator.forward(z), EDGES)
    shares: Values = counts / count
    return shares


def divergence_of(p: Values, q: Values) -> float:
    """Jensen-Shannon divergence in nats as two Kullback-Leibler divergences."""
    middle = (p + q) / 2
    parts = [np.sum(a[a > 0] * np.log(a[a > 0] / middle[a > 0])) for a in (p, q)]
    return float(sum(parts) / 2)
