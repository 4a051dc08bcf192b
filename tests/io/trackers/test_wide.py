"""Tables of a row per frame, known by the headings of their columns."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef
from ethoflow.io.reader import TrackingNote
from ethoflow.io.recognition import recognise
from ethoflow.schema import DataError

RNG = np.random.default_rng(7)
N = 40
POINTS = {part: RNG.uniform(5, 400, (N, 2)) for part in ("nose", "left_ear", "tail_base")}
SCORES = {part: RNG.uniform(0.5, 1, N) for part in POINTS}


def _written(path, heading, scored=True, **beside):
    """A table of `POINTS` whose columns are called as `heading` says."""
    table = dict(beside)
    for part, places in POINTS.items():
        for axis, values in zip("xy", places.T, strict=True):
            table[heading(part, axis)] = values
        if scored:
            table[heading(part, "likelihood")] = SCORES[part]
    pd.DataFrame(table).to_csv(path, index=False)
    return path


def _read(path, **options):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", TrackingNote)
        return ef.read(path, fps=25, **options), [str(note.message) for note in said]


@pytest.mark.parametrize(
    "heading",
    [
        lambda part, key: f"{part}_{key}",
        lambda part, key: f"{part}.{key.upper()}",
        lambda part, key: f"{part} {key}",
        lambda part, key: f"{key}_{part}",
        lambda part, key: f"{part}{key.capitalize()}",
        lambda part, key: f"{part}_{key.replace('likelihood', 'conf')}",
        lambda part, key: f"{part}_{key.replace('likelihood', 'vis')}",
    ],
)
def test_points_are_told_by_their_headings(tmp_path, heading):
    ds, notes = _read(_written(tmp_path / "m.csv", heading, frame=np.arange(N)))
    assert ds.bodypart.values.tolist() == list(POINTS)
    for part, places in POINTS.items():
        one = ds.sel(bodypart=part).squeeze()
        np.testing.assert_allclose(one.position.transpose("time", "space"), places, rtol=1e-6)
        np.testing.assert_allclose(one.confidence, SCORES[part], rtol=1e-6)
    assert ds.position.attrs["units"] == "px"
    assert any("taken to be in px" in note for note in notes)


@pytest.mark.parametrize(("unit", "scale"), [("mm", 1), ("cm", 10), ("m", 1000)])
@pytest.mark.parametrize("written", ["{}_{}_{}", "{}_{} ({})", "{}_{}[{}]"])
def test_units_in_headings_count(tmp_path, unit, scale, written):
    path = _written(
        tmp_path / "m.csv", lambda part, key: written.format(part, key, unit), scored=False
    )
    ds, notes = _read(path)
    assert ds.position.attrs["units"] == "mm"
    assert not any("taken to be in px" in note for note in notes)
    found = ds.position.sel(bodypart="nose").squeeze().transpose("time", "space")
    np.testing.assert_allclose(found, POINTS["nose"] * scale, rtol=1e-6)


def test_units_that_differ_are_refused(tmp_path):
    path = _written(
        tmp_path / "m.csv",
        lambda part, key: f"{part}_{key}_{'mm' if part == 'nose' else 'cm'}",
        scored=False,
    )
    with pytest.raises(DataError, match="say cm and mm"):
        ef.read(path, fps=25)


def test_times_and_animals_stand_beside(tmp_path):
    twice = {key: np.repeat(values, 2) for key, values in {"time_ms": np.arange(N) * 40.0}.items()}
    rows = {f"nose_{a}": np.repeat(POINTS["nose"][:, i], 2) for i, a in enumerate("xy")}
    table = pd.DataFrame({**twice, "animal": ["a", "b"] * N, **rows})
    table.loc[table.animal == "b", "nose_x"] += 1000
    table.to_csv(tmp_path / "m.csv", index=False)
    ds = ef.read(tmp_path / "m.csv")
    assert float(ds.fps) == pytest.approx(25)
    assert ds.animal.values.tolist() == ["a", "b"]
    first, second = (ds.position.isel(individual=i).sel(space="x").values for i in (0, 1))
    np.testing.assert_allclose(second - first, 1000, rtol=1e-5)


def test_frames_that_have_no_row_are_missing(tmp_path):
    frames = np.delete(np.arange(N + 3), [4, 5, 6])
    ds, notes = _read(_written(tmp_path / "m.csv", lambda p, k: f"{p}_{k}", frame=frames))
    assert any("3 of its 43 frames have no row" in note for note in notes)
    gone = np.isnan(ds.position).all(["individual", "bodypart", "space"])
    assert np.flatnonzero(gone).tolist() == [4, 5, 6]


def test_columns_that_say_something_else_are_named(tmp_path):
    path = _written(tmp_path / "m.csv", lambda p, k: f"{p}_{k}", speed=np.zeros(N))
    with pytest.raises(DataError, match=r"columns speed are no points.*columns=\{'nose'"):
        ef.read(path, fps=25)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"time (s)": np.arange(N) / 30}, "it states 30 frames per second; the 25 that were given"),
        ({"Frame": np.arange(N) * 2}, ""),
        ({"paw_x": np.ones(N), "paw_y": np.ones(N)}, ""),
        ({"recording": ["a"] * 20 + ["b"] * 20}, "its columns recording are no points"),
        ({"": np.arange(N), "distance": np.ones(N)}, None),
    ],
)
def test_a_plain_table_is_not_taken_for_one_of_simba(tmp_path, more, said):
    """SimBA's have the same points, and features; of others no column is left out in silence."""
    path = tmp_path / "m.csv"
    _written(path, lambda part, key: f"{part}_{key.replace('likelihood', 'p')}", **more)
    assert recognise(path).name == ("SimBA poses" if said is None else "wide table")
    if said and "columns" in said:
        with pytest.raises(DataError, match=said):
            ef.read(path, fps=25)
        return
    ds, notes = _read(path)
    assert ds.sizes["bodypart"] == 3 + ("paw_x" in more)
    assert ds.sizes["time"] == (79 if "Frame" in more else N)
    assert said is None or any(said in note for note in notes)


def test_points_of_two_animals_are_told_by_prefix(tmp_path):
    table = {
        f"{who}_{part}_{a}": POINTS[part][:, i] + 100 * (who == "white")
        for who in ("black", "white")
        for part in POINTS
        for i, a in enumerate("xy")
    }
    pd.DataFrame(table).to_csv(tmp_path / "m.csv", index=False)
    ds, _ = _read(tmp_path / "m.csv", individuals=["black", "white"])
    assert ds.bodypart.values.tolist() == list(POINTS)
    black, white = ds.position.values
    np.testing.assert_allclose(white - black, 100, rtol=1e-4)


def test_three_axes(tmp_path):
    table = {f"{p}_{a}": RNG.uniform(0, 1, N) for p in POINTS for a in "xyz"}
    pd.DataFrame(table).to_csv(tmp_path / "m.csv", index=False)
    ds, _ = _read(tmp_path / "m.csv")
    assert ds.space.values.tolist() == ["x", "y", "z"]
    table.pop("nose_z")
    pd.DataFrame(table).to_csv(tmp_path / "n.csv", index=False)
    with pytest.raises(DataError, match="nose have no z"):
        ef.read(tmp_path / "n.csv", fps=25)


@pytest.mark.parametrize(
    "header",
    [
        "recording,center_x,center_y",
        "recording,arena_x,arena_y,treatment",
        "time,behavior,image_x,image_y,subject",
        "frame,speed,turn",
    ],
)
def test_other_tables_are_not_taken_for_points(tmp_path, header):
    row = ",".join("1" for _ in header.split(","))
    (tmp_path / "m.csv").write_text("\n".join([header, *[row] * 5]) + "\n")
    with pytest.raises(DataError):
        recognise(tmp_path / "m.csv")


def test_blanks_around_names_are_no_part_of_them(tmp_path):
    lines = ["scorer, net, net, net", "bodyparts, nose, nose, nose", "coords, x, y, likelihood"]
    lines += [f"{i}, {i}.5, 2, 0.9" for i in range(5)]
    (tmp_path / "m.csv").write_text("\n".join(lines))
    assert ef.read(tmp_path / "m.csv", fps=25).bodypart.values.tolist() == ["nose"]


def _plain(path, head, columns, rows=N):
    lines = [head, *(",".join(f"{value:.0f}" for value in row) for row in columns[:rows])]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("first", [np.r_[0:10, 20 : N + 10], np.arange(N) + 500])
def test_rows_that_are_not_the_frames_are_refused(tmp_path, first):
    """Where rows were dropped before a table was saved, its index says so and nothing else does."""
    columns = np.c_[first, RNG.uniform(5, 400, (N, 4))]
    path = _plain(tmp_path / "m.csv", ",nose_x,nose_y,tail_x,tail_y", columns)
    with pytest.raises(DataError, match="not one frame after the other. Call the column frame"):
        _read(path)
    named = _plain(tmp_path / "n.csv", "frame,nose_x,nose_y,tail_x,tail_y", columns)
    ds, _ = _read(named)
    assert ds.sizes["time"] == first[-1] - first[0] + 1


def test_columns_of_one_name_are_refused(tmp_path):
    columns = RNG.uniform(5, 400, (N, 6))
    path = _plain(tmp_path / "m.csv", "nose_x,nose_y,nose_x,nose_y,tail_x,tail_y", columns)
    with pytest.raises(DataError, match="several columns are called 'nose_x'"):
        _read(path)


def test_velocities_are_no_body_part(tmp_path):
    columns = np.c_[np.arange(N), RNG.uniform(5, 400, (N, 4))]
    with pytest.raises(DataError):
        _read(_plain(tmp_path / "m.csv", "frame,nose_x,nose_y,vel_x,vel_y", columns))


def test_confidences_in_percent_are_said(tmp_path):
    table = {"frame": np.arange(N), "nose_x": POINTS["nose"][:, 0], "nose_y": POINTS["nose"][:, 1]}
    path = tmp_path / "m.csv"
    pd.DataFrame({**table, "nose_conf": RNG.uniform(50, 100, N)}).to_csv(path, index=False)
    _, notes = _read(path)
    assert any("as if they were in percent" in note for note in notes)


@pytest.mark.parametrize("heading", ["frame,x_cm,y_cm", "frame,x_m,y_m,x_mm,y_mm"])
def test_a_unit_is_no_body_part(tmp_path, heading):
    columns = np.c_[np.arange(N), RNG.uniform(5, 400, (N, heading.count(",")))]
    with pytest.raises(DataError, match="no known format"):
        _read(_plain(tmp_path / "m.csv", heading, columns))


def test_numbers_of_rows_are_no_animals(tmp_path):
    columns = np.c_[np.arange(N), RNG.uniform(5, 400, (N, 4))]
    with pytest.raises(DataError, match="40 names in 40 rows, so it names no animals"):
        _read(_plain(tmp_path / "m.csv", "id,nose_x,nose_y,tail_x,tail_y", columns))
