"""Groups apart in many numbers: what is planted is found, by chance nothing is, units are units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ethoflow.errors import DataError
from ethoflow.stats import ComparisonNote, compare, deviations, separation
from ethoflow.stats.permutation import group_ways
from ethoflow.stats.separation import distances, energies, pair_auc
from tests.conftest import LONG

XYZ = ["x", "y", "z"]


def windows(
    sizes: tuple[int, int] = (5, 5), n_rows: int = 12, apart: float = 0.0, seed: int = 0,
    own: float = 1.0,
) -> pd.DataFrame:  # fmt: skip
    """Windows of animals that differ among themselves; the second group is elsewhere in x."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    drug = np.arange(n) >= sizes[0]
    centre = own * rng.normal(size=(n, 3)) + apart * drug[:, np.newaxis] * [1, 0, 0]
    rows = np.repeat(centre, n_rows, axis=0) + rng.normal(size=(n * n_rows, 3))
    who = np.repeat(np.arange(n), n_rows)
    return pd.DataFrame(rows, columns=XYZ).assign(
        animal=[f"m{i}" for i in who],
        treatment=np.where(drug[who], "drug", "none"),
        bin=np.tile(np.arange(n_rows) // 3, n),
    )


def test_what_is_apart_is_found() -> None:
    found = separation(windows(apart=6.0), by="treatment", columns=XYZ).set_index("measure")
    assert found.estimate["auc"] == 1.0
    assert found.p["energy"] == pytest.approx(2 / 252)
    assert found.p_smallest["energy"] == pytest.approx(2 / 252)
    assert (found.n_units == 10).all()
    assert (found.n_rows == 120).all()
    assert (found.unit == "animal").all()


def test_by_chance_no_more_than_chance_is_found() -> None:
    """Animals differ, groups do not; rows as units would be found apart nearly always."""
    cohorts = 600 if LONG else 60
    ways, exact = group_ways((4, 4), 0)
    group = np.repeat([0, 1], 4)
    p: dict[str, list[float]] = {"energy": [], "auc": []}
    aucs = []
    for seed in range(cohorts):
        table = windows((4, 4), 6, seed=seed)
        parts = [one[XYZ].to_numpy() for _, one in table.groupby("animal", sort=False)]
        found = energies(distances(parts), ways, 4)
        p["energy"].append(float((found >= found[0] - 1e-12).mean()))
        means = np.array([part.mean(axis=0) for part in parts])
        shuffled = np.array([pair_auc(means[way], group) for way in ways])
        p["auc"].append(float((shuffled >= shuffled[0] - 1e-12).mean()))
        aucs.append(shuffled[0])
    assert exact
    most = stats.binom.ppf(0.999, cohorts, 0.06) / cohorts
    for name, values in p.items():
        assert np.mean(np.array(values) <= 0.06) <= most, name
    assert np.mean(aucs) == pytest.approx(0.5, abs=0.5 / np.sqrt(cohorts) * 3)


def test_pairs_are_held_out_as_training_without_them_would() -> None:
    rng = np.random.default_rng(4)
    means, group = rng.normal(size=(9, 3)), np.repeat([0, 1], [4, 5])
    right = []
    for i in np.flatnonzero(group == 0):
        for j in np.flatnonzero(group == 1):
            kept = np.setdiff1d(np.arange(9), [i, j])
            one, other = (means[kept][group[kept] == g] for g in (0, 1))
            rest = np.concatenate([one - one.mean(axis=0), other - other.mean(axis=0)])
            cov = rest.T @ rest / (len(kept) - 2)
            cov = 0.5 * cov + 0.5 * np.trace(cov) / 3 * np.eye(3)
            axis = np.linalg.solve(cov, other.mean(axis=0) - one.mean(axis=0))
            right.append((means[j] - means[i]) @ axis > 0)
    assert pair_auc(means, group) == pytest.approx(np.mean(right))


def test_the_energy_distance_is_that_of_its_definition() -> None:
    rng = np.random.default_rng(6)
    parts = [rng.normal(size=(1, 2)) for _ in range(7)]
    points = np.concatenate(parts)
    apart = np.sqrt(np.square(points[:, None] - points[None]).sum(axis=-1))
    a, b = np.arange(3), np.arange(3, 7)
    wanted = (
        2 * apart[np.ix_(a, b)].mean()
        - apart[np.ix_(a, a)].sum() / 6 - apart[np.ix_(b, b)].sum() / 12
    )  # fmt: skip
    found = energies(distances(parts), np.arange(7)[np.newaxis], 3)
    assert found[0] == pytest.approx(wanted)


def test_the_best_bin_is_corrected_for_the_search() -> None:
    table = windows(own=0.3, seed=3)
    table.loc[(table.bin == 2) & (table.treatment == "drug"), "y"] += 4.0
    found = separation(table, by="treatment", columns=XYZ, time="bin").set_index("bin")
    assert found.index.tolist() == [0, 1, 2, 3]
    assert found.p_adjusted.idxmin() == 2
    assert found.p_adjusted[2] <= 0.05
    assert (found.p_adjusted >= found.p - 1e-12).all()
    assert (found.p_adjusted.drop(2) > 0.05).all()


def test_scales_of_the_numbers_do_not_matter() -> None:
    table = windows(apart=1.0)
    moved = table.assign(x=table.x * 1000 + 5, y=-table.y)
    one, other = (separation(t, by="treatment", columns=XYZ) for t in (table, moved))
    np.testing.assert_allclose(one[["estimate", "p"]], other[["estimate", "p"]])


def test_bad_input_is_said() -> None:
    table = windows()
    caged = table.assign(cage=table.animal.str[1:].astype(int) // 2)
    caged = caged[~caged.cage.isin([2])]
    more = pd.concat([caged, caged.assign(cage=caged.cage + 9, animal=caged.animal + "b")])
    with pytest.raises(DataError, match="animals of one cage are not independent"):
        separation(more, by="treatment", columns=XYZ, unit="animal")
    with pytest.raises(DataError, match="Did you mean 'x'|no column 'xx'"):
        separation(table, by="treatment", columns=["xx"])
    with pytest.raises(DataError, match="columns must be of numbers; found animal"):
        separation(table, by="treatment", columns=["animal"])
    with pytest.raises(DataError, match="nothing to separate"):
        separation(table.assign(x=1.0), by="treatment", columns=["x"])
    with pytest.raises(DataError, match="too few animals with known numbers: 0 of none, 5 of drug"):
        separation(
            table.assign(x=table.x.where(table.treatment == "drug")), by="treatment", columns=["x"]
        )
    with pytest.raises(DataError, match="one group alone"):
        separation(table.assign(treatment="a"), by="treatment", columns=XYZ)


def test_a_stranger_deviates_and_the_norm_is_held_out() -> None:
    table = windows((12, 4), apart=8.0, own=0.5)
    asked = {"by": "treatment", "reference": "none", "columns": XYZ}
    found = deviations(table, **asked)  # type: ignore[arg-type]
    norm, strange = (found[found.treatment == name] for name in ("none", "drug"))
    assert strange.deviation.min() > norm.deviation.max()
    assert strange.p.tolist() == pytest.approx([1 / 13] * 4)
    assert (norm.n_reference == 11).all()
    assert sorted(norm.p) == pytest.approx(np.arange(1, 13) / 12)
    with pytest.warns(ComparisonNote, match="p is too small"):
        row = compare(found, by="treatment", value="deviation").iloc[0]
    assert (row.n_units, row.p < 0.05) == (16, True)
    with pytest.raises(DataError, match="a density needs four"):
        deviations(windows((3, 4)), **asked)  # type: ignore[arg-type]


def test_animals_of_the_norm_left_aside_deviate_as_it_does() -> None:
    """Half of the norm called otherwise: p is uniform but for the steps."""
    p = []
    for seed in range(200 if LONG else 40):
        table = windows((10, 5), 4, seed=seed)
        found = deviations(table, by="treatment", reference="none", columns=["x", "y"])
        p += found[found.treatment == "drug"].p.tolist()
    assert np.mean(np.array(p) <= 2 / 11) == pytest.approx(2 / 11, abs=0.11)
    assert np.mean(p) == pytest.approx(0.55, abs=0.1)
