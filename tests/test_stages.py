"""A stage in one file: project file, template, commands, run, resume and rest follow from it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import pandas as pd
import pytest
import yaml
from pydantic import Field
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow import pipeline, project, stages, store, template
from ethoflow.cli import app
from ethoflow.cli.stage_options import options_of
from ethoflow.stages import (
    Files,
    FileSet,
    Group,
    Item,
    Job,
    Keys,
    Needs,
    ProjectError,
    Stage,
    declare,
    pictures,
    stage,
)

from .conftest import REPOSITORY
from .test_results import Quiet
from .test_unchanged import NOTHING, make_project, run, trusting

__all__ = ["trusting"]  # files that were written just now are remembered

DISTANCES = '''
"""How far animals go."""

import os
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from ethoflow.csv_text import write_csv
from ethoflow.stages.declare import stage
from ethoflow.stages.keys import Files, Keys, Length, Names, Needs, ProjectError
from ethoflow.stages.made import FileSet, Item


class Distances(Keys):
    """How distances are given."""

    unit: Literal["mm", "m"] = Field(default="m", description="What distances are in.")
    shortest: Length = Field(default="0.5 mm", description="Steps below do not count.")
    most: Annotated[int, Needs("must be how many, 1 or more")] = Field(
        default=9, ge=1, description="How many recordings are counted."
    )
    weights: Annotated[Names, Files()] = Field(default_factory=list, description="Weights.")


def check(keys, locate, where):
    if keys.most == 7:
        raise ProjectError(f"{where(['most'])}: seven is not possible.")


@stage(reads=("features",), uses=("labels/rules",), writes="distances/", keys=Distances,
       check=check)
def distances(job, keys):
    """The way of every animal of the first recordings."""
    speed = job.open("features").speed.isel(bodypart=0)

    def item(name):
        def make():
            if os.environ.get("STOP") == name:
                raise KeyboardInterrupt
            way = float(speed.sel(recording=name).sum()) / float(speed.fps)
            way = way / 1000 if keys.unit == "m" else way
            return pd.DataFrame({"recording": [name], "way": [way]})

        return Item((f"{name}.csv",), make, write_csv, note=lambda table: table.to_dict("list"))

    names = [str(name) for name in speed.recording.values[: keys.most]]
    shows = {f"Way ({keys.unit})": f"{names[0]}.csv"}
    return FileSet([item(name) for name in names], shows=shows)
'''

STILLNESS = '''
"""Two groups: one that is made lazily, and one that is fitted."""

from pathlib import Path

from pydantic import Field

from ethoflow.stages.declare import stage
from ethoflow.stages.keys import Keys
from ethoflow.stages.made import Group


class Stillness(Keys):
    """How still is still."""

    share: float = Field(default=0.5, gt=0, description="How many frames count.")


@stage(reads=("labels/rules",), writes=("labels/high", "quietest"), keys=Stillness)
def stillness(job, keys):
    """Labels of being high, and how much animals move."""
    labels = job.open("labels/rules")

    def fit():
        with Path(job.results, "fitted.txt").open("a") as file:
            file.write("once ")
        return labels[["moving"]].mean("time").compute().rename(moving="quietest") * keys.share

    return [
        Group(labels[["climbing"]].rename(climbing="high"), place="labels/high"),
        Group(fit, place="quietest", found=lambda ds: [f"stillness: {ds.quietest.size} limits"]),
    ]
'''


@pytest.fixture
def add_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], None]]:
    """Put one file among those of the stages; nothing else is told of it."""
    folder = tmp_path_factory.mktemp("stages")
    stages.stages()
    before = dict(declare._stages)
    stages.__path__.append(str(folder))

    def add(name: str, text: str) -> None:
        (folder / f"{name}.py").write_text(text)

    yield add
    stages.__path__.remove(str(folder))
    for name in declare._stages.keys() - before.keys():
        del sys.modules[f"ethoflow.stages.{name}"]
        delattr(stages, name)
    declare._stages.clear()
    declare._stages.update(before)


def invoke(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == (1 if "error:" in done.output else 0), done.output
    return re.sub(r"[ \n]+", " ", done.output)


USUAL = [
    "tracks",
    "identities",
    "poses",
    "clustered",
    "features",
    "learned",
    "scored",
    "summary",
    "windows",
    "cleaning",
    "rules",
    "tables",
    "pictures",
]


def order() -> list[str]:
    return [one.name for one in stages.stages()]


def test_the_order_follows_from_what_is_read_and_written(add_stage) -> None:
    assert order() == USUAL
    add_stage("distances", DISTANCES)
    assert order() == [*USUAL[:12], "distances", "pictures"]
    add_stage("stillness", STILLNESS)
    assert order() == [*USUAL[:11], "stillness", "tables", "distances", "pictures"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{unt: m}", r"line \d+: unknown key 'distances\.unt'; expected one of: unit, shortest, "
                     r"most, weights\. Did you mean 'unit'"),
        ("{unit: km}", r"line \d+: distances\.unit: .*'mm' or 'm' \(found 'km'\)"),
        ("{shortest: 3 s}", r"line \d+: distances\.shortest: .*3 s"),
        ("{most: many}", r"line \d+: distances\.most: must be how many, 1 or more \(found 'many'"),
        ("{most: 7}", r"line \d+: seven is not possible"),
        ("[1]", r"line \d+: distances: must hold keys, of: unit, shortest, most, weights \(found"),
    ],
)  # fmt: skip
def test_wrong_keys_are_told_with_their_lines(add_stage, tmp_path, line, expected) -> None:
    file = make_project(tmp_path)
    n_lines = len(file.read_text().splitlines())
    with file.open("a") as text:
        text.write(f"distances: {line}\n")
    with pytest.raises(ProjectError, match="unknown key 'distances'; expected one of: tracks, fps"):
        project.load_project(file)
    add_stage("distances", DISTANCES)
    with pytest.raises(ProjectError, match=expected) as caught:
        project.load_project(file)
    assert f"line {n_lines + 1}:" in str(caught.value)


def test_the_template_has_its_keys(add_stage, tmp_path) -> None:
    add_stage("distances", DISTANCES)
    path, _ = template.write_project(tmp_path, fps=25)
    text = path.read_text()
    shown = text[text.index("# distances:") : text.index("# pictures:")].rstrip()
    assert shown.splitlines() == [
        "# distances:                # the way of every animal of the first recordings",
        "#   unit: m                 # what distances are in",
        "#   shortest: 0.5 mm        # steps below do not count",
        "#   most: 9                 # how many recordings are counted",
        "#   weights: []             # weights",
    ]
    used = yaml.safe_load("\n".join(line[2:] for line in shown.splitlines()))
    model = project.project_model()
    assert model.model_validate({"tracks": "a", **used}) == model.model_validate({"tracks": "a"})


def test_the_command_line_has_it(add_stage, tmp_path) -> None:
    assert "No such command" in CliRunner().invoke(app, ["distances", "--help"]).output
    add_stage("distances", DISTANCES)
    assert "Did you mean 'distances'" in CliRunner().invoke(app, ["distance"]).output
    assert "distances The way of every animal" in invoke("--help")
    shown = invoke("distances", "--help")
    assert "The way of every animal of the first recordings." in shown
    assert "Reads features, labels/rules; writes distances/." in shown
    for option in ("--unit", "--shortest", "--most", "--weights", "--project", "--scheduler"):
        assert option in shown
    assert "What distances are in (m by default)." in shown


def test_it_runs_alone_on_a_store(add_stage, tmp_path) -> None:
    add_stage("distances", DISTANCES)
    path, results = tmp_path / "c.zarr", tmp_path / "c_results"
    simulation = ef.simulate.simulate_cohort(2, duration="6 s", seed=5)
    ef.write(simulation.tracks, path)
    refused = invoke("distances", path)
    assert f"{path} has no features for distances: `ethoflow features` writes them" in refused
    invoke("poses", path, "--px-per-mm", "2", "--max-jump", "30 mm")
    poses = ef.clean(ef.calibrate(ef.open(path, "tracks"), px_per_mm=2), max_jump="30 mm")
    assert ef.open(path, "poses").position.equals(poses.position)
    assert "features: speed" in invoke("features", path, "--features", "speed")
    shown = invoke("distances", path, "--unit", "mm")
    assert "distances: 2 written" in shown
    assert "Way (mm)" in shown
    ways = [pd.read_csv(file).way[0] for file in sorted((results / "distances").glob("*.csv"))]
    speed = ef.open(path, "features").speed.isel(bodypart=0).sum(["time", "individual"]) / 25
    assert ways == pytest.approx(speed.values.tolist())
    assert "distances: 2 kept" in invoke("distances", path, "--unit", "mm")
    assert "distances: 2 written" in invoke("distances", path, "--unit", "m")
    assert "--most: most: must be how many" in invoke("distances", path, "--most", "none")
    assert "--most: seven is not possible" in invoke("distances", path, "--most", "7")


def test_a_run_makes_it_goes_on_and_rests(add_stage, tmp_path, monkeypatch) -> None:
    add_stage("distances", DISTANCES)
    (tmp_path / "w.txt").write_text("1")
    file = make_project(tmp_path, "distances: {unit: mm, weights: w.txt}\n")
    folder = tmp_path / "results" / "distances"
    names = sorted(path.stem for path in (tmp_path / "tracks").glob("*.csv"))
    monkeypatch.setenv("STOP", names[1])
    stopped = run(file)
    assert stopped.exit_code == 130
    assert "the same command goes on from here" in stopped.output
    monkeypatch.delenv("STOP")
    done = run(file)
    assert "distances: 1 written, 1 kept" in done.output
    assert f"{folder / names[0]}.csv\n" in done.output
    assert "Way (mm):" in done.output
    again = run(file)
    assert NOTHING in again.output
    assert again.output[again.output.index("written:") :] == done.output[
        done.output.index("written:") :
    ].replace("distances: 1 written, 1 kept, as what they show has not changed\n", "")

    (folder / f"{names[0]}.csv").unlink()
    assert "distances: 1 written, 1 kept" in run(file).output
    assert NOTHING in run(file).output
    (tmp_path / "w.txt").write_text("2")
    assert NOTHING not in run(file).output
    file.write_text(file.read_text().replace("unit: mm", "unit: m, most: 1"))
    assert "distances: 1 written" in run(file).output
    assert not (folder / f"{names[1]}.csv").exists()


def test_groups_are_written_where_they_are_not_fresh(add_stage, tmp_path) -> None:
    add_stage("stillness", STILLNESS)
    file = make_project(tmp_path)
    done = run(file)
    fitted, path = tmp_path / "results" / "fitted.txt", tmp_path / "results" / "cohort.zarr"
    assert "stillness: high\n" in done.output
    assert "stillness: 4 limits\n" in done.output
    labels = ef.open(path, "labels/rules")
    assert ef.open(path, "labels/high").high.equals(labels.climbing.rename("high"))
    limits = ef.open(path, "quietest").quietest
    assert limits.equals((labels.moving.mean("time").compute() * 0.5).rename("quietest"))
    assert NOTHING in run(file).output
    (path / "progress" / "run.json").unlink()
    again = run(file)
    assert again.output.count("nothing to do: all is fresh") == 6
    assert fitted.read_text() == "once "
    file.write_text(file.read_text() + "stillness: {share: 0.25}\n")
    assert "stillness: high (nothing to do" in run(file).output
    assert fitted.read_text() == "once once "
    assert ef.open(path, "quietest").quietest.equals(limits / 2)


def test_without_what_it_reads_what_it_made_is_taken_away(add_stage, tmp_path) -> None:
    add_stage("distances", DISTANCES)
    file = make_project(tmp_path)
    run(file)
    folder, path = tmp_path / "results" / "distances", tmp_path / "results" / "cohort.zarr"
    assert list(folder.glob("*.csv"))
    store.drop_group(str(path), "features")
    pipeline.run_one("distances", Job(path, tmp_path / "results", Quiet()))
    assert not list(folder.glob("*.csv"))


def test_the_page_on_stages_has_one_that_works(add_stage, tmp_path) -> None:
    page = (REPOSITORY / "docs" / "own_stage.md").read_text()
    add_stage("durations", page.split("```python\n")[1].split("```")[0])
    assert order()[:3] == ["tracks", "durations", "identities"]
    ef.write(ef.simulate.still_then_running(), tmp_path / "c.zarr")
    assert "durations: 1 written" in invoke("durations", tmp_path / "c.zarr", "--unit", "s")
    found = pd.read_csv(tmp_path / "c_results" / "durations" / "durations.csv")
    tracks = ef.open(tmp_path / "c.zarr", "tracks")
    assert found.duration.tolist() == [tracks.sizes["time"] / float(tracks.fps)]


class Limits(Keys):
    """Keys that two keys hold."""

    limit: int = 1


class Many(Keys):
    """Keys of every kind."""

    text: str = "a"
    number: float | Literal["auto"] | None = "auto"
    count: int = 1
    flag: bool = False
    names: list[str] | None = None
    files: Annotated[list[str], Files()] = Field(default_factory=list)
    words: dict[str, str | list[str]] = Field(default_factory=dict)
    sizes: dict[str, float | str] = Field(default_factory=dict)
    limits: dict[str, dict[str, float | str]] = Field(default_factory=dict)
    either: Annotated[str | dict[str, str] | None, Needs("must be it")] = None
    one: Limits = Limits()
    other: Limits = Limits()


@pytest.mark.parametrize(
    ("flag", "typed", "value"),
    [
        ("--text", "7", "7"),
        ("--number", "7", 7.0),
        ("--number", "null", None),
        ("--count", "7", 7),
        ("--flag", True, True),
        ("--names", ["a, b", "c"], ["a", "b", "c"]),
        ("--files", ["a,b.csv"], ["a,b.csv"]),
        ("--words", ["a.b=1"], {"a.b": "1"}),
        ("--sizes", ["a=1", "b=2 mm"], {"a": 1.0, "b": "2 mm"}),
        ("--limits", ["r.a=1", "r.b=x", "s.a=2"], {"r": {"a": 1.0, "b": "x"}, "s": {"a": 2.0}}),
        ("--either", "circle", "circle"),
        ("--one-limit", "3", 3),
        ("--other-limit", "4", 4),
    ],
)
def test_what_is_typed_is_as_in_the_project_file(flag: str, typed: Any, value: object) -> None:
    option = next(one for one in options_of(Many).values() if one.flag == flag)
    given = option.value_of(typed)
    for name in reversed(option.place):
        given = {name: given}
    found = Many.model_validate(given)
    for name in option.place:
        found = getattr(found, name)
    assert found == value


class One(Keys):
    """A key."""

    limit: int = 1


class Arena(Keys):
    """A key that is another stage's."""

    arena: str = ""


@pytest.mark.parametrize(
    ("name", "declared", "message"),
    [
        ("one", {"writes": "poses"}, "two stages write 'poses': .*and poses, in"),
        ("poses", {"writes": "x"}, "two stages are called 'poses': in"),
        ("out", {"writes": "x", "keys": One}, "cannot have the key 'out'"),
        ("arena", {"writes": "x", "keys": One}, "two stages have the key 'arena'"),
        ("one", {"writes": "x", "keys": Arena, "top": True}, "two stages have the key 'arena'"),
    ],
)
def test_what_is_anothers_is_refused(name: str, declared: dict, message: str) -> None:
    stages.stages()

    def function(job: Job, keys: Keys) -> None:
        """Nothing."""

    function.__name__ = name
    with pytest.raises(ValueError, match=message):
        stage(**declared)(function)
    assert order() == USUAL


def make_stage(name: str, reads: tuple[str, ...], writes: str) -> Stage:
    return Stage(name, lambda job, keys: None, reads, (), (writes,), Keys, False, "", None, None,
                 name, name)  # fmt: skip


def test_stages_that_read_each_other_are_refused() -> None:
    one, other = make_stage("one", ("b",), "a"), make_stage("other", ("a",), "b")
    with pytest.raises(ValueError, match="read what each other makes: one, other"):
        declare.in_order([one, other])
    third = make_stage("third", ("a",), "c")
    assert declare.in_order([third, make_stage("one", (), "a")])[0].name == "one"


def test_what_reads_a_name_with_a_star_comes_after_all_that_fit_it() -> None:
    one = make_stage("a_table", ("labels/*",), "a/")
    makers = [make_stage(f"maker_{n}", ("b", "c", "d"), f"labels/{n}") for n in "xy"]
    ordered = declare.in_order([one, *makers, make_stage("other", ("e",), "f")])
    assert [stage.name for stage in ordered] == ["other", "maker_x", "maker_y", "a_table"]


def test_files_of_two_recordings_have_two_names() -> None:
    stems = pictures._stems(["a b", "a_b", "a.b", "a_b_2", "a-b"])
    assert stems == {"a b": "a_b", "a_b": "a_b_2", "a.b": "a.b", "a_b_2": "a_b_2_2", "a-b": "a-b"}


@pytest.mark.parametrize("names", [["a.csv", "a.csv"], ["b/a.csv"], [".."]])
def test_files_need_names_of_their_own(names: list[str]) -> None:
    one = make_stage("one", (), "a/")
    files = FileSet([Item([name], lambda: None, lambda made, path: None) for name in names])
    with pytest.raises(ValueError, match="the stage one gives a file"):
        pipeline._check_names(one, files)


def test_a_result_goes_where_the_stage_declared(tmp_path) -> None:
    one = make_stage("one", (), "a")
    for result in (Group(None, place="b"), FileSet()):
        with pytest.raises(ValueError, match="the stage one gives .*writes: a"):
            pipeline._place_of(one, result)


def test_a_run_names_the_rules_on_request_that_would_apply(tmp_path) -> None:
    """One mouse in pixels: the usual rules ask for mm or a partner, freezing for neither."""
    mice = ef.simulate.simulate_recording(n_individuals=1, duration="4 s", seed=1).tracks
    ef.write(mice, tmp_path / "c.zarr", group="tracks")
    invoke("poses", tmp_path / "c.zarr")
    said = " ".join(invoke("rules", tmp_path / "c.zarr").split())
    assert "no rule applies to these data by default. Of those on request these do: 'rules:" in said
    assert "freezing" in said.split("rules: [")[1].split("]")[0].split(", ")
