"""The hidden layers that cells can share, and what their neurons span: as series of Legendre polynomials.

A layer of random neurons is badly conditioned: sines of low frequency differ by parts in 1e12. So their span is found
once, over the reference cell. With p_j orthonormal Legendre products, a_nj the coefficients of neuron n and d the
degree, each p_i of degree at most d stands for the combination of neurons that agrees with it up to degree d and has
the smallest output weights; what that holds of higher degrees stays,

    f_i = p_i + sum over j of c_ij p_j,     degree of p_j > d,

and the f_i are made orthonormal in order of their degree. The coefficients a fall by orders from one degree to the next
and are known to relative accuracy, so that with rows scaled by degree everything is well conditioned. Polynomials of
low degree are neurons, too: a small cell sees a nearly constant function, and what the layer misses of it is a residual
that grows as the cell shrinks. Neurons come with their mirror images and with coordinates exchanged, so that no
direction is preferred.

Sources: Rahimi & Recht, NeurIPS 2007 (sines); Dong & Li, Comput. Methods Appl. Mech. Engrg. 387 (2021) 114129 (tanh,
local extreme learning machines).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinnsolve.networks.random_features import hidden_layers

Array = NDArray[np.float64]
HIDDEN = ("legendre", "sine", "tanh")  # activations of the layer that cells share


@dataclass(frozen=True)
class Rules:
    """How neurons are drawn. `python -m validation.hidden_layers` measures them.

    Parameters
    ----------
    low : int
        Polynomials up to this total degree are neurons. Fewer: small cells are halved without end.
    neurons : float
        So many times as many others as the cell has features. Fewer: features are less alike to the polynomials that
        they stand for. More: they are hardly anything else.
    scales : mapping from activation to (float, float)
        The range of R over the reference cell (-1, 1): the frequency of sines, the steepness of tanh. Larger: less
        smooth features, more cells. Smaller: features are polynomials to rounding.
    beyond : mapping from activation to int
        Degrees beyond its own to which a feature is known; of the last features of tanh 1e-10 to 1e-7 is left out, of
        sines nothing. Fewer: more of it.
    terms : int
        Of Taylor's series, by which they are expanded; fewer: they do not come to their end.
    seed : int
    """

    low: int = 3
    neurons: float = 6.0
    scales: Mapping[str, tuple[float, float]] = field(default_factory=lambda: {"sine": (1.0, 1.0), "tanh": (0.25, 0.5)})
    beyond: Mapping[str, int] = field(default_factory=lambda: {"sine": 14, "tanh": 16})
    terms: int = 60
    seed: int = 0


RULES = Rules()


def powers_to(degree: int, dims: int) -> list[tuple[int, ...]]:
    """The degrees along each coordinate of all products of total degree at most this one, in order."""
    return [k for k in itertools.product(range(degree + 1), repeat=dims) if sum(k) <= degree]


def known_to(activation: str, degree: int) -> int:
    """The degree of the polynomials that features of a degree are series of."""
    return degree + RULES.beyond.get(activation, 0)


def spanned(activation: str, degree: int, dims: int) -> Tensor:
    """The features of a degree as combinations of orthonormal Legendre products, (features, products)."""
    powers = np.array(powers_to(known_to(activation, degree), dims))
    total = powers.sum(1)
    order = np.argsort(total, kind="stable")
    order = order[total[order] > RULES.low]  # of what polynomials of low degree leave, by degree
    mine = int((total[order] <= degree).sum())
    found = np.zeros((int((total <= degree).sum()), len(powers)))
    own = np.flatnonzero(total <= degree)
    found[np.arange(len(own)), own] = 1.0
    if mine:
        beyond = _beyond(
            _expanded(activation, *neurons(activation, len(own), dims), powers)[:, order], total[order], mine
        )
        rows = np.searchsorted(own, order[:mine])
        chol = np.linalg.cholesky(np.eye(mine) + beyond @ beyond.T)
        made = np.linalg.inv(chol)
        found[np.ix_(rows, order)] = np.concatenate([made, made @ beyond], 1)
    return torch.from_numpy(found)


def _beyond(series: Array, total: Array, mine: int) -> Array:
    """What combinations of neurons with coefficients (neurons, products) that agree with each of the first products
    hold of the others, (mine, others)."""
    sizes = np.array([np.sqrt((series[:, total == k] ** 2).mean()) for k in total[:mine]])
    q, r = np.linalg.qr(series[:, :mine] / sizes)
    return np.linalg.solve(r, q.T @ series[:, mine:]) / sizes[:, None]


def neurons(activation: str, features: int, dims: int) -> tuple[Array, Array]:
    """Weights (N, dims) and biases (N,) of those that are no polynomials, for so many features."""
    images = list(itertools.product(itertools.permutations(range(dims)), itertools.product((1.0, -1.0), repeat=dims)))
    count = math.ceil(RULES.neurons * features / len(images))
    generator = torch.Generator().manual_seed(RULES.seed)
    drawn = hidden_layers((count,), dims, RULES.scales[activation], activation, generator)
    weights, biases = (v.numpy() for v in drawn)
    signs = [(np.array((1.0, *s[:-1])), s[-1]) for _, s in images]
    w = np.concatenate([weights[:, p] * sign for (p, _), (sign, _) in zip(images, signs, strict=True)])
    b = np.concatenate([biases * sign for _, sign in signs])
    return w, b


def _expanded(activation: str, w: Array, b: Array, powers: Array) -> Array:
    """Of s(w . x + b), by Taylor's series in b and Legendre's of the powers of each coordinate:

        s(b + w . x) = sum over n of s^(|n|)(b) / |n|! (|n|! / n!) w^n x^n,

    whose terms of one degree fall at once, so that the smallest coefficients are as exact as the largest.
    """
    (count, dims), most = w.shape, RULES.terms
    n = np.arange(most + 1)
    sums = sum(np.meshgrid(*[n] * dims, indexing="ij"))
    logs = np.cumsum(np.log(np.maximum(n, 1)))  # of factorials
    chosen = np.exp(logs[np.minimum(sums, most)] - sum(np.meshgrid(*[logs] * dims, indexing="ij")))
    found = np.where(sums <= most, chosen * _taylor(activation, b)[:, np.minimum(sums, most)], 0.0)
    table = _of_powers(int(powers.max()))
    for axis in range(dims):  # the first coordinate is contracted, and its degrees come last
        along = (w[:, axis, None] ** n)[(..., *[None] * (dims - 1))]
        found = np.moveaxis(found * along, 1, -1) @ table
    return found.reshape(count, *found.shape[1:])[(slice(None), *powers.T)]


def _taylor(activation: str, b: Array) -> Array:
    """s^(n)(b) / n! for all n, (places, terms): of the sine by its phase, of tanh from s' = 1 - s^2."""
    n = np.arange(RULES.terms + 1)
    if activation == "sine":
        factorials = np.exp(np.cumsum(np.log(np.maximum(n, 1))))
        return np.sin(b[:, None] + np.pi / 2 * n) / factorials
    found = np.zeros((len(b), len(n)))
    found[:, 0] = np.tanh(b)
    for k in n[:-1]:
        square = (found[:, : k + 1] * found[:, k::-1]).sum(1)
        found[:, k + 1] = (float(k == 0) - square) / (k + 1)
    return found


def _of_powers(degree: int) -> Array:
    """x^n as orthonormal Legendre polynomials, (terms, degree + 1), by x p_k = a_(k+1) p_(k+1) + a_k p_(k-1)."""
    k = np.arange(1, RULES.terms + 2)
    a = k / np.sqrt(4.0 * k**2 - 1)
    found = np.zeros((RULES.terms + 1, RULES.terms + 1))
    found[0, 0] = 1.0
    for n in range(RULES.terms):
        found[n + 1, 1:] = a[:-1] * found[n, :-1]
        found[n + 1, :-1] += a[:-1] * found[n, 1:]
    return found[:, : degree + 1]
