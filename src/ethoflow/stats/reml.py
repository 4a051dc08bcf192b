"""Linear mixed models by restricted likelihood, with the tests of Kenward and Roger.

Units are independent; within one, random terms (an intercept, a slope) are shared by the rows of a
unit or of an animal. The covariance is a sum of known matrices, each times a variance or
covariance, which is what the small-sample correction asks for: Kenward & Roger 1997, Biometrics
53:983; Halekoh & Højsgaard 2014, J. Stat. Softw. 59(9).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ethoflow.engine.declare import Array

SINGULAR = 1e-4
"""Standard deviations of a random term, in those of the residual, below which it is none."""
STARTS = (1.0, 0.3)
"""Where the search begins, in standard deviations of the residual."""
LIMIT = 500
"""Steps of the search."""


@dataclass(frozen=True)
class Term:
    """A random term: columns whose coefficients differ between the members of a grouping.

    `columns` has dims (row, coefficient), `member` says whose each row is; members are inside of
    units.
    """

    columns: Array
    member: Array


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes
    ----------
    beta
        Fixed effects.
    covariance
        Theirs, corrected for small samples.
    plain
        The same as if variances were known.
    terms
        For each random term the covariance of its coefficients.
    residual
        The residual variance.
    singular
        Random terms whose covariance has no full rank, by number.
    """

    beta: Array
    covariance: Array
    plain: Array
    terms: tuple[Array, ...]
    residual: float
    singular: tuple[int, ...]
    _pieces: tuple[Array, Array]
    """Derivatives P of the information on `beta`, dims (parameter, effect, effect), and the
    covariance W of the parameters."""

    def test(self, contrasts: Array) -> tuple[float, float, float]:
        """F of contrasts, dims (contrast, effect), scaled, with both degrees of freedom.

        NaN of several contrasts where units are too few.
        """
        first, weights = self._pieces
        many = np.atleast_2d(contrasts).astype(float)
        n = len(many)
        theta = many.T @ np.linalg.solve(many @ self.plain @ many.T, many) @ self.plain
        moved = np.array([theta @ one @ self.plain for one in first])
        traces = np.trace(moved, axis1=1, axis2=2)
        one = float(traces @ weights @ traces)
        two = float(np.einsum("ij,iab,jba->", weights, moved, moved))
        scale, df = _match(n, one, two)
        moved_beta = many @ self.beta
        inner = np.linalg.solve(many @ self.covariance @ many.T, moved_beta)
        return scale * float(moved_beta @ inner) / n, float(n), df


def _match(n: int, one: float, two: float) -> tuple[float, float]:
    """The scale of F and its degrees of freedom, from which its first two moments are right.

    Both are NaN where F of so few units has no mean.
    """
    if n == 1:  # what the rest comes to, without its poles
        return 1.0, 2 / two
    both = (one + 6 * two) / (2 * n)
    g = ((n + 1) * one - (n + 4) * two) / ((n + 2) * two)
    below = 3 * n + 2 * (1 - g)
    c1, c2, c3 = g / below, (n - g) / below, (n + 2 - g) / below
    shrunk = 1 - two / n
    poles = (1 - c2 * both) ** 2 * (1 - c3 * both)
    df = 4 + (n + 2) * poles / ((1 + c1 * both) * shrunk**2 - poles)
    if not df > 2:
        return float("nan"), float("nan")
    return df * shrunk / (df - 2), df


@dataclass(frozen=True)
class _Model:
    """Rows by unit, each filled up to the longest: arrays have the dims (unit, row, ...)."""

    y: Array
    x: Array
    parts: Array
    """Matrices that variances multiply, dims (parameter, unit, row, row); the residual last."""
    filler: Array
    """Ones on the diagonal of rows that are none, dims (unit, row, row)."""
    sizes: tuple[int, ...]
    """Coefficients of each term."""
    spare: tuple[float, int]

    @property
    def n_free(self) -> int:
        """Rows less fixed effects."""
        n_rows = self.y.size - int(self.filler.sum())
        return n_rows + self.spare[1] - int(self.x.shape[2])


def fit_mixed(
    y: Array,
    x: Array,
    unit: Array,
    terms: Sequence[Term],
    spare: tuple[float, int] = (0.0, 0),
) -> Fit | None:
    """A mixed model; None where the likelihood has no maximum that is found.

    Parameters
    ----------
    y
        Numbers, dims (row,).
    x
        Fixed effects, dims (row, effect), of full rank.
    unit
        Rows of different units are independent.
    terms
        Random terms.
    spare
        A sum of squares of the residual, and its degrees of freedom, beside the rows.

    Examples
    --------
    >>> unit = np.repeat(np.arange(6), 3)
    >>> y = np.array([1.0, 2, 3, 2, 3, 4, 2, 2, 3, 5, 5, 6, 6, 7, 8, 5, 7, 7])
    >>> x = np.stack([np.ones(18), unit >= 3], axis=1).astype(float)
    >>> fit = fit_mixed(y, x, unit, [Term(np.ones((18, 1)), unit)])
    >>> [round(number, 2) for number in fit.test(np.array([0.0, 1.0]))]
    [44.46, 1.0, 4.0]
    """
    from scipy.optimize import minimize

    model = _by_unit(y, x, unit, terms, spare)
    unit_roots = np.concatenate([np.eye(n)[np.tril_indices(n)] for n in model.sizes])
    # Roots may cross zero, where a search that is held above it would stop short of the maximum.
    tried = [
        minimize(
            lambda roots: _deviance(model, roots), scale * unit_roots, jac=True, method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": LIMIT, "maxfun": 4 * LIMIT},
        )
        for scale in STARTS
    ]  # fmt: skip
    found = min(tried, key=lambda one: float(one.fun))
    # A search that stops for want of digits, not at its limit, is at a maximum.
    if not np.isfinite(found.fun) or found.nit >= LIMIT or found.nfev >= 4 * LIMIT:
        return None
    return _finish(model, found.x)


def _by_unit(
    y: Array, x: Array, unit: Array, terms: Sequence[Term], spare: tuple[float, int]
) -> _Model:
    places = [np.flatnonzero(unit == one) for one in np.unique(unit)]
    n, most = len(places), max(map(len, places))
    sizes = tuple(term.columns.shape[1] for term in terms)
    n_parts = sum(k * (k + 1) // 2 for k in sizes) + 1
    ys, xs = np.zeros((n, most)), np.zeros((n, most, x.shape[1]))
    parts, filler = np.zeros((n_parts, n, most, most)), np.zeros((n, most, most))
    for u, rows in enumerate(places):
        inside = slice(0, len(rows))
        ys[u, inside], xs[u, inside] = y[rows], x[rows]
        parts[:, u, inside, inside] = [
            *(part for term in terms for part in _parts(term, rows)), np.eye(len(rows)),
        ]  # fmt: skip
        filler[u, range(len(rows), most), range(len(rows), most)] = 1.0
    return _Model(ys, xs, parts, filler, sizes, spare)


def _parts(term: Term, rows: Array) -> Iterator[Array]:
    """What each variance and covariance of a term multiplies, in one unit."""
    columns, member = term.columns[rows], term.member[rows]
    same = member[:, np.newaxis] == member
    for i, j in zip(*np.tril_indices(columns.shape[1]), strict=True):
        outer = np.outer(columns[:, i], columns[:, j])
        yield same * (outer if i == j else outer + outer.T)


def _variances(roots: Array, sizes: Sequence[int]) -> list[Array]:
    """Covariances of the terms from their Cholesky factors."""
    found, start = [], 0
    for n in sizes:
        lower = np.zeros((n, n))
        count = n * (n + 1) // 2
        lower[np.tril_indices(n)] = roots[start : start + count]
        found.append(lower)
        start += count
    return found


def _weigh(lowers: Sequence[Array]) -> Array:
    """What multiplies the parts: variances and covariances, 1 for the residual."""
    flat = [(one @ one.T)[np.tril_indices(len(one))] for one in lowers]
    return np.append(np.concatenate(flat), 1.0)


def _deviance(model: _Model, roots: Array) -> tuple[float, Array]:
    """-2 log restricted likelihood, the residual variance profiled out, and its gradient."""
    lowers = _variances(roots, model.sizes)
    weights = _weigh(lowers)
    v = np.tensordot(weights, model.parts, 1) + model.filler
    sign, logs = np.linalg.slogdet(v)
    if (sign <= 0).any():
        return np.inf, np.zeros_like(roots)
    inverse = np.linalg.inv(v)
    vx = inverse @ model.x
    information = np.einsum("uap,uaq->pq", model.x, vx)
    plain = np.linalg.inv(information)
    beta = plain @ np.einsum("uap,ua->p", vx, model.y)
    rest = np.einsum("uab,ub->ua", inverse, model.y - model.x @ beta)
    squares = float((rest * model.y).sum()) + model.spare[0]
    n = model.n_free
    if squares <= 0:
        return np.inf, np.zeros_like(roots)
    value = float(logs.sum() + np.linalg.slogdet(information)[1] + n * np.log(squares))
    projected = inverse - vx @ plain @ vx.transpose(0, 2, 1)
    slope = projected - n / squares * rest[:, :, np.newaxis] * rest[:, np.newaxis]
    by_part = np.einsum("kuab,uba->k", model.parts[:-1], slope)
    return value, np.concatenate(list(_chain(by_part, lowers)))


def _chain(by_part: Array, lowers: Sequence[Array]) -> Iterator[Array]:
    """The gradient by Cholesky factors from that by variances."""
    start = 0
    for lower in lowers:
        at = np.tril_indices(len(lower))
        by_variance = np.zeros_like(lower)
        by_variance[at] = by_part[start : start + len(at[0])]
        start += len(at[0])
        yield ((by_variance + by_variance.T) @ lower)[at]


def _finish(model: _Model, roots: Array) -> Fit | None:
    """Effects, and their covariance corrected for variances that are estimated."""
    lowers = _variances(roots, model.sizes)
    v = np.tensordot(_weigh(lowers), model.parts, 1) + model.filler
    inverse = np.linalg.inv(v)
    vx = inverse @ model.x
    plain = np.linalg.inv(np.einsum("uap,uaq->pq", model.x, vx))
    beta = plain @ np.einsum("uap,ua->p", vx, model.y)
    rest = model.y - model.x @ beta
    squares = float(np.einsum("ua,uab,ub->", rest, inverse, rest)) + model.spare[0]
    residual = squares / model.n_free
    if not residual > 0:
        return None
    inverse, plain, vx = inverse / residual, plain * residual, vx / residual
    moved = inverse @ model.parts  # dims (parameter, unit, row, row)
    first = -np.einsum("uap,kuab,ubq->kpq", vx, model.parts, vx)
    second = np.einsum("iuap,uab,jubq->ijpq", model.parts @ vx, inverse, model.parts @ vx)
    between = np.einsum("ipq,qr,jrs->ijps", first, plain, first)
    traces = np.einsum("iuab,juba->ij", moved, moved)
    traces[-1, -1] += model.spare[1] / residual**2
    inside = np.einsum("pq,ijqp->ij", plain, second), np.einsum("pq,ijqp->ij", plain, between)
    information = (traces - 2 * inside[0] + inside[1]) / 2
    if np.linalg.cond(information / np.sqrt(np.outer(*[np.diag(information)] * 2))) > 1e12:
        return None
    weights = np.linalg.inv(information)
    bias = np.einsum("ij,ijpq->pq", weights, second - between)
    return Fit(
        beta,
        plain + 2 * plain @ bias @ plain,
        plain,
        tuple(one @ one.T * residual for one in lowers),
        residual,
        tuple(k for k, one in enumerate(lowers) if np.abs(np.diag(one)).min() < SINGULAR),
        (first, weights),
    )
