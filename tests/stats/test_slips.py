"""A scale or an arena that no animal fits is said with the likely slip; right ones are not."""

from __future__ import annotations

import re

import numpy as np
import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.stats.slips import find_slips
from ethoflow.stats.suspicion import find_suspicious
from tests.conftest import LONG
from tests.strategies import CIRCLE, PX_PER_MM, make_tracks, stack


def cohort():
    """Mice of 86 mm in 2 px/mm."""
    return stack([make_tracks(1, 400, name="a"), make_tracks(2, 300, name="b")])


def test_the_right_scale_is_not_suspected():
    assert find_slips(cohort()) == []
    poses = ef.calibrate(cohort(), CIRCLE, px_per_mm=PX_PER_MM)
    assert find_slips(poses) == []
    assert find_slips(poses.chunk(recording=1, time=100)) == []
    assert find_slips(ef.clean(poses).sel(recording="a")) == []


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (1 / PX_PER_MM, r"340 mm long .* Likely slip: 0.5 may be mm per px: .* px/mm is 2"),
        (10 * PX_PER_MM, r"8.[56] mm long .* that is in cm"),
        (PX_PER_MM / 10, r"8[56]0 mm long .* in cm that is in mm"),
        (PX_PER_MM * 1000, r"0.08[56] mm long .* Look at the scale"),
    ],
)
def test_a_mouse_of_another_size(scale, said):
    poses = ef.calibrate(cohort(), px_per_mm={"a": scale, "b": PX_PER_MM})
    (found,) = find_slips(poses)
    assert found.startswith("a: the animals are")
    assert re.search(said, found), found
    assert found in find_suspicious(poses)
    (found,) = find_slips(ef.calibrate(cohort(), px_per_mm=scale))
    assert found.startswith("a, b: ")


def test_points_without_ears_are_no_rodents():
    fly = cohort().sel(bodypart=["Nose", "Center", "Tail_base"])
    assert find_slips(ef.calibrate(fly, px_per_mm=100)) == []


def test_a_speed_no_animal_reaches():
    point = cohort().sel(bodypart=["Center"])
    (found,) = find_slips(ef.calibrate(point, px_per_mm=0.01))
    assert "faster than" in found


@pytest.mark.parametrize("units", ["px", "mm"])
def test_an_arena_elsewhere_or_too_large(units):
    def poses(arena):
        return ef.calibrate(cohort(), arena, px_per_mm=PX_PER_MM if units == "mm" else None)

    assert find_slips(poses(ef.circle(0, 0, 180))) == []
    (found,) = find_slips(poses(ef.circle(4000, 0, 180)))
    assert "a, b: most points lie outside of the arena" in found
    (found,) = find_slips(poses(ef.circle(0, 0, 18_000)))
    assert "never leave a tenth of the arena" in found
    one = {"a": ef.circle(0, 0, 18_000), "b": ef.circle(0, 0, 180)}
    assert find_slips(poses(one)) == []  # one that sleeps in its corner


FIELD = [(40, 30), (600, 30), (600, 450), (40, 450)]


def roaming(times=1.0, n=1500, part=((40, 30), (600, 450)), name="a"):
    """A mouse that goes everywhere in a part of the picture, tracked at `times` its size."""
    rng = np.random.default_rng(5)
    low, high = (np.array(corner)[:, np.newaxis] for corner in part)
    place = low + (high - low) * rng.beta(0.6, 0.6, (2, n))
    position = times * np.stack([place, place + rng.normal(0, 2, place.shape)])[np.newaxis]
    return ef.from_arrays(position, fps=25, bodyparts=["nose", "centre"], recording=name)


@pytest.mark.parametrize("size", [None, "560 mm", "560 x 420 mm"])
@pytest.mark.parametrize("times", [0.25, 0.5, 2 / 3, 1, 1.5, 2, 3])
def test_an_arena_of_a_picture_of_another_size(size, times):
    """A mouse that crosses the floor fits it at one size of the picture alone."""
    written = "polygon 40,30 600,30 600,450 40,450 px" + (f" = {size}" if size else "")
    found = find_slips(ef.calibrate(roaming(times), written))
    said = [one for one in found if "of another size than the one that was tracked" in one]
    assert len(said) == (times != 1), found
    if said:
        shown = re.search(r"a picture (\S+) times as large", said[0])[1]
        assert float(shown) == pytest.approx(times, rel=0.03)


@pytest.mark.parametrize(
    "part", [((320, 240), (600, 450)), ((40, 30), (600, 150)), ((40, 30), (80, 70))]
)
def test_who_uses_a_part_of_the_arena_alone_is_not_suspected(part):
    assert find_slips(ef.calibrate(roaming(part=part), ef.polygon(FIELD))) == []


def test_the_run_says_it(tmp_path):
    path = tmp_path / "c.zarr"
    ef.write(cohort(), path)
    ran = CliRunner().invoke(app, ["annotate", str(path), "--px-per-mm", "20"])
    assert re.search(r"8.[56] mm long", " ".join(ran.output.split())), ran.output


IN_MM = (
    "ethovision-and-watermaze", "many-formats-animovement", "mouse-3d-dannce", "sleap-multiview-3d"
)  # fmt: skip
"""Folders that have files which are in mm as they are read."""


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_false_alarm_on_real_files(real_data):
    """Those that are in mm as they are read; the other folders are looked through at length."""
    looked = 0
    for folder in sorted(real_data.iterdir()) if LONG else [real_data / name for name in IN_MM]:
        for file in sorted(folder.rglob("*"))[:40]:
            if not file.is_file() or file.stat().st_size > 5_000_000:
                continue
            try:
                ds = ef.read(file, fps=30)
            except ValueError:
                continue
            if ds.position.attrs["units"] == "mm":
                looked += 1
                assert find_slips(ds) == [], file
    assert looked >= 7


RATES = [
    ("dlc-openfield-m3v1/m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5", 30),
    ("freezing-behaviordepot/demo4/demo4_video.csv", 50),
    ("freezing-behaviordepot/demo1/demo1_tracking.csv", 50),
]
"""Mice in an open field, a plus maze and a chamber in which they freeze."""


@pytest.mark.parametrize(("file", "fps"), RATES)
def test_a_frame_rate_that_is_too_low(real_data, file, fps):
    """A mouse that freezes goes nowhere: of it nothing is said."""

    def said(rate):
        found = find_slips(ef.clean(ef.read(real_data / file, fps=rate)))
        return [one for one in found if "frame rate of the videos" in one]

    assert not said(fps)
    assert not said(fps / 2)
    assert len(said(fps / 10)) == ("demo1" not in file)
    unknown = ef.clean(ef.read(real_data / file, fps=1))
    assert find_slips(unknown, fps_known=False) == []


def test_info_asks_for_no_other_rate_where_none_is_known(real_data):
    ran = CliRunner().invoke(app, ["info", str(real_data / RATES[-1][0])])
    assert "give --fps" in ran.output
    assert "frame rate of the videos" not in ran.output
