"""What every declared function keeps, whatever it computes: run over the registry and the probes.

A new feature, behaviour or cleaning step is covered here before its author writes a test of it, and
so is every kind of thing that users may add.
"""

from __future__ import annotations

import multiprocessing
import operator
import pickle
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import cloudpickle
import dask
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.engine import builtin
from ethoflow.schema import is_symmetric
from tests.conftest import LONG, no_compute
from tests.strategies import (
    CIRCLE,
    FPS,
    POLYGON,
    PX_PER_MM,
    chunkings,
    make_gaps,
    make_pixels,
    make_poses,
    make_tracks,
    masks,
    stack,
)
from tests.subjects import Subject, of_builtins, of_probes

BUILTINS = of_builtins()
ITEMS = [*BUILTINS, *(item for item in of_probes() if item.kind != "fit")]
"""What is fitted gives a model, and no array that could be compared as these are."""

OF_POSES = [item for item in ITEMS if item.reads_poses]
FILLS = {"fill_gaps", "fill_pchip", "fill_kalman", "fill_from_pose", "kalman"}
OF_FRAMES = {"find_spot"}
"""What is seen of them is in a video, and does not hang on the positions there were."""
IN_A_PLANE = {"fill_from_pose", "find_spot", "in_rectangle", "seconds_inside", "to_floor"}
WITH_A_MODEL = {"posture_score", "embedding"}
"""The model knows the numbers in mm."""
OF_MIXED_UNITS = {"feature_matrix"}
NOT_OF_LENGTHS = {"to_mm", *WITH_A_MODEL, *OF_MIXED_UNITS}
SELDOM = {
    "immobile", "freezing", "chasing", "contact", "curled", "isolated", "look_around", "not_seen",
    "rearing", "side_by_reverse_side", "deepof_stationary_passive", "deepof_look_around",
}  # fmt: skip
"""Two mice that walk one behind the other do not show it, or nothing else: other tests do."""
OF_THRESHOLDS_BELOW = {
    "deepof_moving", "deepof_stationary_active", "deepof_stationary_passive", "deepof_look_around",
    "stops",
}  # fmt: skip
"""The features that they rest on have thresholds in mm, which are given to those."""
TIMED = [item for item in ITEMS if "time" in item.output_dims]
RULES = [item for item in ITEMS if item.kind == "behaviour"]
PAIRS = [item for item in ITEMS if item.scope == "pair"]
CHUNKS = (1, 7, 100, -1)
FEW = settings(
    max_examples=5 if LONG else 3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True)
def _one_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """Threads cost more than these small blocks; the first test below uses them."""
    name = None if "chunks_do_not_show" in request.node.name else "synchronous"
    with dask.config.set(scheduler=name):
        yield


def every(items: list[Subject]) -> Any:
    return pytest.mark.parametrize("item", items, ids=lambda item: item.title)


def in_turns(name: str, *ways: Any) -> Any:
    """Every item in one of the ways, each in its turn; in the long form in all of them."""
    given = [
        pytest.param(item, way, id=f"{item.title}-{way}")
        for place, item in enumerate(ITEMS)
        for way in (ways if LONG else [ways[place % len(ways)]])
    ]
    return pytest.mark.parametrize(("item", name), given)


@cache
def poses(arena: str = "circle") -> xr.Dataset:
    return make_poses(1, 120, arena=CIRCLE if arena == "circle" else POLYGON)


@cache
def alone() -> tuple[xr.Dataset, ...]:
    return (
        make_poses(2, 60, name="short"),
        make_poses(3, 110, name="long", arena=POLYGON),
        make_poses(4, 1, name="frame"),
        make_poses(5, 83, name="middle"),
    )


@cache
def cohort() -> xr.Dataset:
    return stack(alone())


def result(item: Subject, ds: xr.Dataset, **parameters: Any) -> xr.DataArray:
    """What `item` gives; of a step, the new positions."""
    return item(ds, **parameters)


@cache
def results_alone(item: Subject) -> tuple[xr.DataArray, ...]:
    """What `item` gives of each recording by itself."""
    return tuple(result(item, ds) for ds in alone())


@cache
def cleaned(*chunks: tuple[str, int]) -> xr.Dataset:
    """The cohort, cleaned; lazily where chunks are given."""
    return ef.clean(cohort().chunk(dict(chunks)) if chunks else cohort())


@cache
def made_of_tracks() -> xr.Dataset:
    """Poses of raw tracks."""
    return ef.clean(ef.calibrate(make_tracks(6, 90), CIRCLE))


def same(one: xr.DataArray, other: xr.DataArray) -> None:
    np.testing.assert_array_equal(one.values, other.values)


def in_pixels(item: Subject, factor: float = PX_PER_MM) -> dict[str, str]:
    """The default thresholds of `item` in pixels."""
    return {
        name: f"{item.defaults[name] * factor} {unit.replace('mm', 'px')}"
        for name, unit in item.parameter_units.items()
        if unit in ("mm", "mm/s", "mm/s2")
    }


def test_the_registry_holds_what_the_project_promises() -> None:
    assert set(builtin("behaviour")) >= {
        "moving", "immobile", "climbing", "nose_to_nose", "nose_to_tail", "side_by_side",
        "following",
    }  # fmt: skip
    assert set(builtin("feature")) >= {"velocity", "speed", "acceleration", "heading"}
    assert set(builtin("step")) >= {"mask_low_confidence", "remove_jumps", "fill_gaps", "smooth"}


def test_every_feature_says_what_it_is_and_shows_it() -> None:
    for name, what in ef.features.available().items():
        shown = getattr(ef.features, name).__wrapped__.__doc__
        assert what.endswith("."), name
        assert ">>> " in shown, name


@every([item for item in RULES if item in BUILTINS])
def test_the_test_data_show_every_behaviour(item: Subject) -> None:
    labels = item(poses())
    assert {0.0, 1.0} <= set(np.unique(labels)) or item.name in SELDOM
    assert np.isnan(labels).any() or item.name == "not_seen"


# --- chunks do not show -----------------------------------------------------------------------


@pytest.mark.parametrize("chunk", CHUNKS if LONG else CHUNKS[:2])
@every(ITEMS)
def test_chunks_do_not_show(item: Subject, chunk: int) -> None:
    ds = poses() if LONG or chunk > 1 else poses().isel(time=slice(40))
    whole = result(item, ds)
    with no_compute():
        lazy = result(item, ds.chunk(time=chunk))
    assert lazy.chunks is not None
    xr.testing.assert_identical(lazy.compute(), whole)


@pytest.mark.parametrize("arena", ["circle", "polygon"])
def test_chunks_do_not_show_in_either_arena(arena: str) -> None:
    wall_distance = ef.features.wall_distance
    lazy = wall_distance(poses(arena).chunk(time=13))
    xr.testing.assert_identical(lazy.compute(), wall_distance(poses(arena)))


@in_turns("chunks", {"individual": 1}, {"bodypart": 4, "time": 9}, {"space": 1})
def test_chunks_along_other_dims_do_not_show(item: Subject, chunks: dict[str, int]) -> None:
    lazy = result(item, poses().chunk(chunks))
    xr.testing.assert_identical(lazy.compute(), result(item, poses()))


@every(ITEMS)
def test_inputs_may_be_chunked_differently(item: Subject) -> None:
    ds = poses().chunk(time=11)
    ds = ds.assign(confidence=ds.confidence.chunk(time=17), arena=poses().arena)
    xr.testing.assert_identical(result(item, ds).compute(), result(item, poses()))


@every(ITEMS)
def test_a_rechunked_result_is_the_same(item: Subject) -> None:
    ds = poses().chunk(time=11).chunk(time=(50, 1, 1, 68))
    xr.testing.assert_identical(result(item, ds).compute(), result(item, poses()))


@in_turns("chunks", {"recording": 2, "time": 50}, {"recording": 3, "time": -1})
def test_chunks_of_a_cohort_do_not_show(item: Subject, chunks: dict[str, int]) -> None:
    with no_compute():
        lazy = result(item, cohort().chunk(chunks))
    xr.testing.assert_identical(lazy.compute(), result(item, cohort()))


@given(data=st.data())
@FEW
@every(ITEMS)
def test_no_chunking_and_no_parameter_shows(item: Subject, data: st.DataObject) -> None:
    check_any_chunking(item, data)


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="many examples are for ETHOFLOW_TESTS=long")
@given(data=st.data())
@MANY
@every(ITEMS)
def test_really_no_chunking_shows(item: Subject, data: st.DataObject) -> None:
    check_any_chunking(item, data)


def check_any_chunking(item: Subject, data: st.DataObject) -> None:
    n_frames = 70
    ds = make_poses(data.draw(st.integers(0, 5)), n_frames)
    missing = xr.DataArray(data.draw(masks(n_frames)), dims="time")
    ds = ds.assign(position=ds.position.where(~missing).assign_attrs(ds.position.attrs))
    parameters = {
        name: f"{data.draw(st.integers(0, 15), label=name)} frames"
        for name, unit in item.parameter_units.items()
        if unit == "s" and name not in item.given_settings(ds)
    }
    sizes = data.draw(chunkings(n_frames))
    lazy = result(item, ds.chunk(time=sizes), **parameters)
    xr.testing.assert_identical(lazy.compute(), result(item, ds, **parameters))


# --- alone, in a cohort, cut out --------------------------------------------------------------


@every(ITEMS)
def test_a_recording_is_the_same_alone_and_in_a_cohort(item: Subject) -> None:
    together = result(item, cohort().chunk(recording=2, time=19)).compute()
    assert together.dims == ("recording", *item.output_dims)
    for ds, expected in zip(alone(), results_alone(item), strict=True):
        row = together.sel(recording=ds.recording.item())
        if "time" in row.dims:
            assert np.isnan(row.isel(time=slice(ds.sizes["time"], None))).all()
            row = row.isel(time=slice(ds.sizes["time"]))
        same(row, expected)


@every(ITEMS)
def test_a_recording_taken_out_of_a_cohort_keeps_its_end(item: Subject) -> None:
    together = cohort()
    for ds, expected in zip(alone(), results_alone(item), strict=True):
        row = result(item, together.sel(recording=ds.recording.item()))
        row = row.isel(time=slice(ds.sizes["time"])) if "time" in row.dims else row
        same(row, expected)


@every(ITEMS)
def test_a_slice_is_a_recording_of_its_own(item: Subject) -> None:
    start, stop = 31, 77
    ds = cohort().chunk(time=19)
    cut = result(item, ds.isel(time=slice(start, stop)))
    for single in alone():
        part = single.isel(time=slice(start, stop))
        n = part.sizes["time"]
        row = cut.sel(recording=single.recording.item())
        if "time" in row.dims:
            assert np.isnan(row.isel(time=slice(n, None))).all()
            row = row.isel(time=slice(n))
        fresh = ef.from_arrays(
            part.position.values, fps=FPS, bodyparts=list(part.bodypart.values), units="mm",
            confidence=part.confidence.values,
        )  # fmt: skip
        beside = ["arena", "arena_centre", "arena_radius", "px_per_mm"]
        same(row, result(item, fresh.assign({name: part[name] for name in beside})))


# --- chained ----------------------------------------------------------------------------------


@every([item for item in ITEMS if item.kind != "step"])
def test_a_lazy_chain_is_the_eager_chain(item: Subject) -> None:
    tracks = make_tracks(6, 90)
    eager = item(made_of_tracks())
    with no_compute():
        lazy = item(ef.clean(ef.calibrate(tracks.chunk(time=13), CIRCLE)))
    xr.testing.assert_identical(lazy.compute(), eager)


@every(RULES)
def test_a_lazy_chain_may_be_cut_anywhere(item: Subject) -> None:
    lazy, eager = cleaned(("recording", 2), ("time", 13)), cleaned()
    for cut in (
        {"recording": [1, 3], "individual": [1, 0]},
        {"recording": 1, "individual": 0},
        {"time": slice(20, 75)},
    ):
        xr.testing.assert_identical(item(lazy.isel(cut)).compute(), item(eager.isel(cut)))


def test_a_broken_chain_is_the_whole_chain() -> None:
    lazy = ef.clean(poses().chunk(time=13))
    broken = lazy.assign(position=lazy.position + np.float32(0))
    broken.position.attrs.update(lazy.position.attrs)
    for item in ITEMS:
        same(result(item, broken).compute(), result(item, lazy).compute())


def test_steps_applied_twice_are_two_steps() -> None:
    smooth = builtin("step")["smooth"]
    once = smooth(poses(), window="5 frames")
    lazy = smooth(smooth(poses().chunk(time=9), window="5 frames"), window="5 frames")
    same(lazy.position, smooth(once, window="5 frames").position)
    assert not once.position.equals(lazy.position.compute())


def test_equal_shapes_with_other_values_are_not_confused() -> None:
    speed = ef.features.speed
    one, other = make_poses(1, 50, gaps=False), make_poses(2, 50, gaps=False)
    lazy = [speed(ds.chunk(time=9)) for ds in (one, other)]
    both = xr.Dataset({"one": lazy[0], "other": lazy[1]}).compute()
    same(both.one, speed(one))
    same(both.other, speed(other))


def test_one_rule_with_two_thresholds_is_two_results() -> None:
    lazy = poses().chunk(time=9)
    both = xr.Dataset({
        "slow": ef.behaviours.moving(lazy, min_speed=5), "fast": ef.behaviours.moving(lazy)
    }).compute()  # fmt: skip
    same(both.slow, ef.behaviours.moving(poses(), min_speed="5 mm/s"))
    same(both.fast, ef.behaviours.moving(poses()))
    assert not both.slow.equals(both.fast)


@every(ITEMS)
def test_the_order_of_dims_does_not_matter(item: Subject) -> None:
    turned = poses().transpose("time", "space", "bodypart", "individual", "vertex")
    xr.testing.assert_identical(result(item, turned), result(item, poses()))
    xr.testing.assert_identical(
        result(item, turned.chunk(time=17)).compute(), result(item, poses())
    )


@every(OF_POSES)
def test_a_datatree_node_is_a_dataset(item: Subject) -> None:
    tree = xr.DataTree.from_dict({"poses": poses()})
    xr.testing.assert_identical(result(item, tree["poses"]), result(item, poses()))


@every(ITEMS)
def test_the_data_stay_as_they_were(item: Subject) -> None:
    ds = make_poses(1, 40)
    before = ds.copy(deep=True)
    result(item, ds)
    result(item, ds.chunk(time=7)).compute()
    xr.testing.assert_identical(ds, before)


# --- missing ----------------------------------------------------------------------------------


def without(ds: xr.Dataset, individual: int, parts: list[str], frame: slice) -> xr.Dataset:
    ds = ds.copy(deep=True)
    places = [list(ds.bodypart.values).index(part) for part in parts]
    ds.position.values[individual, places, :, frame] = np.nan
    return ds


def of_first(found: xr.DataArray) -> xr.DataArray:
    """What is the first animal's, or that of all."""
    return found.isel(individual=0) if "individual" in found.dims else found


@every([i for i in TIMED if not i.optional and i.name not in FILLS | OF_FRAMES])
def test_a_missing_animal_makes_its_results_unknown(item: Subject) -> None:
    ds = make_poses(1, 60, gaps=False)
    gone = without(ds, 0, list(ds.bodypart.values), slice(30, 31))
    assert np.isnan(of_first(result(item, gone)).isel(time=30)).all()
    if item.scope == "pair":
        assert np.isnan(result(item, gone).isel(partner=0, time=30)).all()


@every([i for i in TIMED if any("position" in a or "speed" in a for a in i.roles)])
def test_each_required_body_part_counts(item: Subject) -> None:
    ds = make_poses(1, 60, gaps=False)
    parts = dict(zip(ds.role.values, ds.bodypart.values, strict=True))
    for argument, roles in item.roles.items():
        animal = 1 if argument.startswith("partner_") else 0
        for role in () if argument in item.optional else roles:
            found = result(item, without(ds, animal, [parts[role]], slice(30, 31)))
            own = of_first(found).isel(time=30)
            assert np.isnan(own.isel(partner=1) if item.scope == "pair" else own).all()


@every([i for i in RULES if i.scope == "pair"])
def test_a_missing_frame_is_unknown_whatever_the_bouts(item: Subject) -> None:
    ds = make_poses(1, 60, gaps=False)
    gone = without(ds, 0, list(ds.bodypart.values), slice(30, 31))
    for bout in ("0 s", "1 s"):
        labels = item(gone, min_bout=bout, max_gap=bout)
        assert np.isnan(labels.isel(time=30)).all()


@every([i for i in ITEMS if not i.optional and i.name not in OF_FRAMES and i.gives != "flag"])
def test_nothing_seen_gives_nothing_known(item: Subject) -> None:
    ds = make_poses(1, 40)
    ds = ds.assign(position=xr.full_like(ds.position, np.nan))
    for data in (ds, ds.chunk(time=7)):
        assert np.isnan(result(item, data)).all()


@every(ITEMS)
def test_an_absent_animal_leaves_the_others_alone(item: Subject) -> None:
    ds = make_poses(1, 60)
    absent = without(ds, 1, list(ds.bodypart.values), slice(None))
    given = result(item, absent)
    if item.scope == "pair":
        assert np.isnan(given).all()
    elif item.scope == "individual":
        same(given.isel(individual=0), result(item, ds).isel(individual=0))
        known_of_all = item.optional or item.name in OF_FRAMES or item.gives == "flag"
        assert known_of_all or np.isnan(given.isel(individual=1)).all()


# --- small and odd ----------------------------------------------------------------------------


@in_turns("chunk", None, 5)
def test_an_empty_recording(item: Subject, chunk: int | None) -> None:
    ds = make_poses(1, 40).isel(time=slice(0, 0))
    found = result(item, ds.chunk(time=chunk) if chunk else ds).compute()
    assert found.sizes.get("time", 0) == 0
    assert item.kind != "summary" or np.isnan(found).all()


@in_turns("chunk", None, 5)
def test_one_frame(item: Subject, chunk: int | None) -> None:
    ds = make_poses(1, 1, gaps=False)
    found = result(item, ds.chunk(time=chunk) if chunk else ds).compute()
    assert found.sizes.get("time", 1) == 1
    if item.units.endswith(("/s", "/s2")) or item.name in {"moving", "immobile", "following"}:
        assert np.isnan(found).all()


@every(ITEMS)
def test_one_individual(item: Subject) -> None:
    one = poses().isel(individual=[0])
    found = result(item, one)
    if item.scope == "pair":
        assert found.shape[:2] == (1, 1)
        assert np.isnan(found).all()
    elif item.scope == "individual":
        same(found, result(item, poses()).isel(individual=[0]))
    if item.reads_poses:
        xr.testing.assert_identical(result(item, poses().isel(individual=0)), found)


@every(PAIRS)
def test_three_individuals(item: Subject) -> None:
    ds = make_poses(7, 60, n_individuals=3)
    found = item(ds)
    for a in range(3):
        assert np.isnan(found[a, a]).all()
        for b in {0, 1, 2} - {a}:
            same(found[a, b], item(ds.isel(individual=[a, b]))[0, 1])


@every(PAIRS)
def test_what_is_declared_the_same_from_both_sides_is(item: Subject) -> None:
    ds = make_poses(7, 600, n_individuals=3)
    found, turned = item(ds), item(ds.isel(individual=[2, 1, 0]))
    assert is_symmetric(found) == item.symmetric
    # Turned round the kernel is asked for the other direction of every pair.
    alike = [
        np.array_equal(found[a, b], turned[2 - b, 2 - a], equal_nan=True)
        for a in range(3) for b in range(a + 1, 3)
    ]  # fmt: skip
    assert all(alike) == item.symmetric
    if item.symmetric:
        same(found, found.transpose("partner", "individual", "time"))


@every([i for i in ITEMS if i.name not in IN_A_PLANE])
def test_three_coordinates(item: Subject) -> None:
    ds = make_poses(1, 60, n_space=3)
    xr.testing.assert_identical(result(item, ds.chunk(time=7)).compute(), result(item, ds))


def test_arenas_are_seen_from_above() -> None:
    flat, deep = make_poses(1, 60, gaps=False), make_poses(1, 60, gaps=False, n_space=3)
    deep.position.values[:, :, :2] = flat.position.values
    for arena in (CIRCLE, POLYGON):
        beside = {
            n: make_poses(1, 60, arena=arena)[n] for n in ("arena", "arena_centre", "arena_radius")
        }
        wide = {n: v.pad(space=(0, 1)) if "space" in v.dims else v for n, v in beside.items()}
        wide = {
            n: v.assign_coords(space=deep.space) if "space" in v.dims else v
            for n, v in wide.items()
        }
        names = list(beside)
        two = ef.features.wall_distance(
            flat.drop_vars(names).drop_dims("vertex", errors="ignore").assign(beside)
        )
        three = ef.features.wall_distance(deep.drop_vars(names).assign(wide))
        same(two, three)


# --- units ------------------------------------------------------------------------------------


@every(ITEMS)
def test_results_carry_units_and_where_they_come_from(item: Subject) -> None:
    found = result(item, poses())
    assert found.attrs["units"] == item.units.replace("position", "mm").replace("values", "mm")
    assert found.attrs["source"].startswith(f"{item.name}(")
    assert found.attrs["ethoflow_version"] == ef.__version__
    assert item.summary.endswith(".")
    assert (found.attrs.get("kind") in ("label", "flag")) == item.label
    assert found.dtype == np.float32
    if item.reads_poses and item.name not in OF_THRESHOLDS_BELOW:
        pixels = result(item, make_pixels(1, 20), **in_pixels(item))
        units = item.units.replace("position", "px").replace("values", "px")
        assert pixels.attrs["units"] == units


@every([i for i in OF_POSES if i.name not in NOT_OF_LENGTHS | OF_THRESHOLDS_BELOW])
def test_pixels_give_the_same_as_millimetres(item: Subject) -> None:
    lengths = {"position": 1, "position/s": 1, "position/s2": 1, "position/s3": 1, "values": 1}
    power = {**lengths, "position2": 2, "position-1": -1}.get(item.units, 0)
    pixels = result(item, make_pixels(1, 120), **in_pixels(item))
    factor = np.float32(PX_PER_MM**power)
    np.testing.assert_array_equal(pixels.values, result(item, poses()).values * factor)


@every([i for i in ITEMS if in_pixels(i)])
def test_a_length_in_mm_needs_a_calibration(item: Subject) -> None:
    ds = make_pixels(1, 20).chunk(time=5)
    with no_compute(), pytest.raises(ef.UnitError, match=r"ef\.calibrate"):
        item(ds)
    with no_compute(), pytest.raises(ef.UnitError, match="px"):
        item(poses().chunk(time=5), **in_pixels(item))


@every([i for i in ITEMS if i.defaults])
def test_a_parameter_in_the_wrong_unit_raises_before_any_graph(item: Subject) -> None:
    numbers = {name for name, value in item.defaults.items() if isinstance(value, int | float)}
    for name in numbers - item.given_settings(poses()).keys():
        for wrong in ("3 kg", "many", float("nan"), True):
            with no_compute(), pytest.raises(ef.UnitError, match=name):
                item(poses().chunk(time=5), **{name: wrong})
    with pytest.raises(TypeError, match="has no parameter nonsense"):
        item(poses(), nonsense=1)


@every([i for i in ITEMS if in_pixels(i)])
def test_a_parameter_may_have_another_unit_of_its_kind(item: Subject) -> None:
    metres = {
        n: f"{item.defaults[n] / 10} {u.replace('mm', 'cm')}"
        for n, u in item.parameter_units.items()
        if n in in_pixels(item)
    }
    same(result(item, poses(), **metres), result(item, poses()))


@every([i for i in ITEMS if any(n.variable == "speed" for n in i.inputs)])
def test_an_input_in_another_unit_is_refused(item: Subject) -> None:
    speed = ef.features.speed(poses()).assign_attrs(units="cm/s")
    with no_compute(), pytest.raises(ef.UnitError, match="speed"):
        item(poses().assign(speed=speed))


def test_an_arena_in_another_unit_is_refused() -> None:
    ds = poses().assign(arena=make_pixels(1, 120).arena)
    with no_compute(), pytest.raises(ef.UnitError, match="arena in mm"):
        ef.features.wall_distance(ds)


# --- workers ----------------------------------------------------------------------------------

RULE_FILE = '''
import numpy as np
import ethoflow as ef


@ef.feature(dims=("time",), units="position", roles=("nose",))
def nose_across(position):
    """Second coordinate of the nose."""
    return position[0, 1] * np.float32({factor})


@ef.behaviour(units={{"min_across": "mm"}})
def nose_far_across(nose_across, *, min_across=10.0):
    """The nose is beyond `min_across`."""
    return nose_across > min_across
'''


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@every(ITEMS)
def test_a_declaration_travels_by_reference(item: Subject) -> None:
    assert pickle.loads(pickle.dumps(item.item)) is item.item
    assert len(pickle.dumps(item.item)) < 200


def test_workers_compute_the_same(worker: ProcessPoolExecutor) -> None:
    ds = make_poses(1, 60)
    running = {item: worker.submit(operator.call, item, ds) for item in ITEMS}
    for item, future in running.items():
        xr.testing.assert_identical(future.result(), item(ds))


def test_a_rule_file_travels_with_its_text(tmp_path: Path, worker: ProcessPoolExecutor) -> None:
    ds = make_poses(1, 60)
    file = tmp_path / "own_rules.py"
    found = {}
    for factor in (1, -1, 1):
        file.write_text(RULE_FILE.format(factor=factor))
        rules = {rule.name: rule for rule in ef.load_rules(file)}
        rule = rules["nose_far_across"]
        here = rule(ds, min_bout=0, max_gap=0)
        file.unlink()
        lazy = rule(ds.chunk(time=7), min_bout=0, max_gap=0)
        payload = cloudpickle.dumps(lazy)
        found.setdefault(factor, []).append(
            (here, lazy.compute(), worker.submit(_compute_pickled, payload).result())
        )
    first, again = found[1]
    for one in (*first, *again):
        xr.testing.assert_identical(one, first[0])
    for one in found[-1][0]:
        xr.testing.assert_identical(one, found[-1][0][0])
    assert not first[0].equals(found[-1][0][0])


def test_a_rule_of_a_notebook_travels_by_value(worker: ProcessPoolExecutor) -> None:
    ds = make_poses(1, 60)

    @ef.behaviour(roles=("centre",), units={"min_speed": "mm/s"})
    def notebook_moving(speed: Any, *, min_speed: float = 40.0) -> Any:
        """The centre is fast."""
        return speed[0] >= min_speed

    lazy = notebook_moving(ds.chunk(time=7))
    there = worker.submit(_compute_pickled, cloudpickle.dumps(lazy)).result()
    same(there, ef.behaviours.moving(ds))


def _compute_pickled(payload: bytes) -> Mapping[str, Any]:
    return cloudpickle.loads(payload).compute(scheduler="synchronous")


def test_gaps_are_made_as_documented() -> None:
    gaps = make_gaps(np.random.default_rng(0), (3, 200))
    assert gaps.any()
    assert not gaps.all(axis=-1).any()
