"""What is paid at the start: heavy libraries come in when something needs them, not before."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import cloudpickle
import dask
import pytest
from dask.local import get_sync
from dask.threaded import get as get_threaded

import ethoflow as ef
from ethoflow.cleaning import outliers, smoothing
from ethoflow.cli.stage_commands import commands_of_stages
from ethoflow.cli.stage_index import StageCommand, index_stages
from ethoflow.engine import schedule
from ethoflow.engine.jit import jit
from ethoflow.stages import stages

HEAVY = ("dask", "distributed", "h5py", "matplotlib", "numba", "pyarrow.csv")


NO_UNITS = """
from ethoflow import units
assert not units._registry.cache_info().currsize
"""
"""xarray imports pint where it is installed, but the units of pint are not read."""


def loaded(code: str, *arguments: object) -> set[str]:
    """Heavy libraries that a program has imported when it ends."""
    show = f"\nimport sys\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code + show, *map(str, arguments)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(found.stdout.splitlines()[-1].split())


def test_declarations_and_projects_need_no_heavy_library() -> None:
    code = """
import ethoflow.project
from ethoflow.engine import declarations
assert "speed" in declarations() and "moving" in declarations("behaviour")
model = ethoflow.project.project_model()
model(tracks=["-"], clean={"max_gap": "200 ms", "max_jump": "3 cm"})
"""
    assert loaded(code + NO_UNITS) == set()


def test_the_pipeline_needs_dask_alone() -> None:
    code = "import ethoflow.pipeline, ethoflow.project, ethoflow.cli.cohort"
    assert loaded(code) <= {"dask", "pyarrow.csv"}


@pytest.mark.parametrize("name", ef._MODULES)
def test_a_module_offers_its_own_functions_alone(name: str) -> None:
    module = getattr(ef, name)
    assert sorted(dir(module)) == dir(module)
    for offered in dir(module):
        value = getattr(module, offered)
        assert not inspect.ismodule(value), offered
        owner = getattr(value, "__wrapped__", value)
        assert owner.__module__.startswith("ethoflow."), offered


def test_the_list_of_commands_imports_no_stage() -> None:
    code = """
import contextlib, io, sys
from ethoflow.cli import app
with contextlib.redirect_stdout(io.StringIO()) as said:
    app(["--help"], standalone_mode=False)
assert "Positions calibrated" in said.getvalue()
assert not {"ethoflow.stages", "ethoflow.engine", "xarray", "pandas", "pydantic"} & {*sys.modules}
"""
    assert loaded(code) == set()


def test_the_index_of_stages_says_what_their_declarations_say() -> None:
    declared = {one.command: one.summary for one in stages() if one.reads}
    assert index_stages() == declared
    for name, command in commands_of_stages().items():
        short = StageCommand(name, help=declared[name], rich_markup_mode=None)
        assert short.get_short_help_str(60) == command.get_short_help_str(60)


BUILD = """
import sys
import ethoflow as ef
poses = ef.open(sys.argv[1], "poses")
labels = ef.annotate(poses, ["moving", "immobile"], parameters={"moving": {"min_speed": "2 cm/s"}})
assert labels.moving.chunks
"""


def test_lazy_labels_need_neither_numba_nor_units_of_pint(store: Path) -> None:
    assert loaded(BUILD + NO_UNITS, store) == {"dask"}


def test_a_threaded_run_does_not_import_distributed(store: Path) -> None:
    code = """
import sys
from ethoflow.cli import app
app(["annotate", sys.argv[1]], standalone_mode=False)
"""
    found = loaded(code + NO_UNITS, store)
    assert "numba" in found
    assert "distributed" not in found


def test_results_in_python_do_not_import_distributed_either(store: Path) -> None:
    written = '\nassert ef.write(labels, sys.argv[1], "labels/rules").written\n'
    assert "distributed" not in loaded(BUILD + written, store)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import ethoflow as ef

    path = tmp_path_factory.mktemp("startup") / "cohort.zarr"
    tracks = ef.simulate.still_then_running()
    for group in ("tracks", "poses"):
        ef.write(tracks, path, group)
    return path


def abs_of(x: int) -> int:
    return x if x > 0 else -x


def test_loops_look_like_the_functions_they_are() -> None:
    assert "off the path" in (outliers._hide_jumps.__doc__ or "")
    assert outliers._hide_jumps.__name__ == "_hide_jumps"  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(smoothing.median_at)) is smoothing.median_at
    assert cloudpickle.loads(cloudpickle.dumps(jit(abs_of)))(-2) == 2


def test_a_loop_calls_a_loop_and_is_compiled_when_it_is_called() -> None:
    @jit
    def inner(x: int) -> int:
        return x + 1

    @jit
    def outer(x: int) -> int:
        return inner(x) * 2

    assert outer._compiled is None  # type: ignore[attr-defined]
    assert (outer(1), inner(1)) == (4, 2)
    kept = outer._compiled  # type: ignore[attr-defined]
    assert outer(x=2) == 6
    assert outer._compiled is kept  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("chosen", "get"),
    [(None, get_threaded), ("threads", get_threaded), ("SYNC", get_sync), (get_sync, get_sync)],
)
def test_the_scheduler_of_dask_is_kept(chosen: object, get: object) -> None:
    with dask.config.set(scheduler=chosen):
        assert schedule._find_get() is get


def test_an_unknown_scheduler_is_refused() -> None:
    with dask.config.set(scheduler="florp"), pytest.raises(ValueError, match="Expected one of"):
        schedule._find_get()


def test_threads_are_the_default_of_a_run() -> None:
    with schedule.use_scheduler(None) as spec:
        assert spec == "threads"
        assert schedule._find_get() is get_threaded
        assert dask.base.get_scheduler() is get_threaded
    with schedule.use_scheduler("sync"):
        assert schedule._find_get() is get_sync
