"""The command line on real and simulated files: what it makes, says, refuses, and how it ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import Result
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow import simulate, store
from ethoflow.cli import app
from ethoflow.cli.stage_options import options_of
from ethoflow.project import load_project
from ethoflow.stages.features import FeaturesKeys
from ethoflow.stages.poses import PosesKeys
from ethoflow.stages.rules import RulesKeys
from ethoflow.stages.scored import Scoring
from ethoflow.stages.tracks import TracksKeys


def run(*arguments: object) -> Result:
    """Run a command in this process; what it prints, and how it ends."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def succeed(*arguments: object) -> str:
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    return re.sub(r"\s*\n\s*", "\n", done.output)


def test_importing_is_light() -> None:
    loaded = (
        "import sys, ethoflow; print([m for m in ('xarray', 'dask', 'zarr') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True).strip() == "[]"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_importing_takes_little_memory() -> None:
    script = "import ethoflow; print(open('/proc/self/status').read())"
    output = subprocess.check_output([sys.executable, "-c", script], text=True)
    match = re.search(r"VmHWM:\s+(\d+) kB", output)
    assert match is not None
    assert int(match[1]) < 150_000


def test_the_program_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ethoflow", "info", str(tmp_path / "nothing.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nothing.csv" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_demo_makes_what_it_says(tmp_path: Path) -> None:
    output = succeed("demo", "--out", tmp_path / "demo")
    for name in re.findall(r"^(\S+\.(?:html|png|csv|parquet|zarr))$", output, re.MULTILINE):
        assert Path(name).exists(), name
    assert output.count(".png") == 10
    path = tmp_path / "demo" / "results" / "cohort.zarr"
    with pytest.warns(UserWarning, match="Object at progress is not recognized"):
        # What only ethoflow reads is no part of the hierarchy; who lists folders is told so.
        tree = xr.open_datatree(path, engine="zarr", chunks={}, consolidated=False)
    assert {"tracks", "poses", "features", "labels"} <= set(tree.children)
    scores = re.findall(r"^(\w+)(?:\s+[\d.]+){2}\s+([\d.]+)\s+\d+$", output, re.MULTILINE)
    assert len(scores) == 7
    assert all(float(f1) >= 0.95 for _, f1 in scores)
    again = succeed("run", tmp_path / "demo" / "project.yaml")
    assert again.count("nothing to do") == 4


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A folder with simulated DeepLabCut files, metadata and a project file."""
    simulation = simulate.simulate_cohort(3, duration="20 s", seed=5)
    simulate.write_dlc(simulation.tracks, tmp_path / "tracks")
    simulate.write_metadata(simulation.tracks, tmp_path / "animals.csv")
    arena = simulation.arena
    (tmp_path / "project.yaml").write_text(
        "tracks: tracks/*.csv\nfps: 25\nmetadata: animals.csv\n"
        f"arena: circle {arena.x} {arena.y} {arena.radius} px = {arena.size}\n"
        "pictures: {recordings: 0}\ncleaning: {pictures: 0}\n"
    )
    return tmp_path


def test_run_writes_groups_and_tables(lab: Path) -> None:
    output = succeed("run", lab / "project.yaml")
    tree = ef.open(lab / "results" / "cohort.zarr")
    assert list(tree) == ["tracks", "poses", "features", "labels"]
    assert tree["labels/rules"].treatment.values.tolist() == ["control", "treated", "control"]
    bouts = pd.read_csv(lab / "results/tables/bouts.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(
        bouts,
        pd.read_parquet(lab / "results/tables/bouts.parquet"),
        check_dtype=False,
        rtol=1e-5,
    )
    budget = pd.read_csv(lab / "results/tables/time_budget.csv")
    assert set(budget.treatment) == {"control", "treated"}
    assert budget.share.between(0, 1).all()
    assert "next:" in output
    again = succeed("run", lab / "project.yaml")
    assert "tables: 4 kept" in again
    for printed in (output, again):
        assert printed.count("time_budget.parquet") == 1
    assert again[again.index("Time budget") :] == output[output.index("Time budget") :]


def test_a_broken_file_is_named_and_the_rest_goes_on(lab: Path) -> None:
    (lab / "tracks" / "broken.csv").write_text("scorer,a\nbodyparts,b\n")
    done = run("run", lab / "project.yaml")
    assert done.exit_code == 3
    assert "broken.csv" in done.stderr
    assert ef.open(lab / "results/cohort.zarr", "labels/rules").sizes["recording"] == 3


def test_nothing_but_broken_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    done = run("ingest", tmp_path / "empty.csv", "--fps", 25, "--out", tmp_path / "c.zarr")
    assert done.exit_code == 1
    assert "empty.csv" in done.stderr
    assert not store.exists(tmp_path / "c.zarr")


def test_a_missing_frame_rate_says_how_to_give_one(lab: Path) -> None:
    done = run("ingest", *(lab / "tracks").glob("*.csv"), "--out", lab / "c.zarr")
    assert done.exit_code == 1
    assert "--fps 25" in done.stderr


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pix_per_mm: 3", r"line 7: unknown key 'pix_per_mm'; expected one of: tracks, fps"),
        ("clean: {max_gap: 3 cm}", r"line 7: clean\.max_gap.*3 cm"),
        ("clean: {gap: 3}", r"line 7: unknown key 'clean\.gap'.*max_gap"),
        ("px_per_mm: many", r"line 7: px_per_mm"),
        ("parameters: {moving: {min_speed: 4 s}}", r"line 7: parameters\.moving\.min_speed.*mm/s"),
        ("parameters: {moving: {speed: 4}}", r"line 7: parameters\.moving\.speed.*min_speed"),
        (
            "features: [speed]\nparameters: {fillable: {max_gap: 1 s}}",
            r"line 8: 'fillable' is not among the features, which are: speed; and no rule",
        ),
        ("rules: [mooving]", r"line 7: there is no rule 'mooving'. Did you mean 'moving'"),
        ("skeleton: [nose]", r"line 7: skeleton"),
        ("rule_files: [none.py]", r"line 7: there is no rule file"),
    ],
)
def test_a_wrong_project_file_names_key_line_and_need(lab: Path, line: str, expected: str) -> None:
    from ethoflow.project import ProjectError, load_project

    with (lab / "project.yaml").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(ProjectError, match=expected):
        load_project(lab / "project.yaml")


OWN = """
import ethoflow as ef

@ef.feature(dims=("bodypart", "time"), units="mm/s", pointwise=("bodypart",))
def doubled(speed, *, by=2.0):
    \"\"\"Speed, `by` times.\"\"\"
    return speed * by

@ef.behaviour(roles=("nose",), units={"min_speed": "mm/s"})
def hasty(doubled, *, min_speed=200.0):
    \"\"\"The nose is twice as fast as `min_speed`.\"\"\"
    return doubled[0] > min_speed
"""


@pytest.mark.parametrize(
    ("keys", "is_used"),
    [
        ("features: [doubled]\nrules: [moving]", True),
        ("features: [speed]\nrules: [hasty]", True),
        ("features: [speed]", True),
        ("rules: [hasty]", True),
        ("features: [speed]\nrules: [moving]", False),
        ("rules: [moving]", False),
        ("features: []\nrules: []", False),
    ],
)
def test_a_setting_that_nothing_rests_on_is_refused(lab: Path, keys: str, is_used: bool) -> None:
    from ethoflow.project import ProjectError

    (lab / "own.py").write_text(OWN)
    with (lab / "project.yaml").open("a") as file:
        file.write(f"rule_files: own.py\n{keys}\nparameters: {{doubled: {{by: 3}}}}\n")
    if is_used:
        assert load_project(lab / "project.yaml").parameters == {"doubled": {"by": 3}}
        return
    with pytest.raises(ProjectError, match="'doubled' is not among the features") as caught:
        load_project(lab / "project.yaml")
    assert "or leave its parameters out" in str(caught.value)


@pytest.mark.parametrize("named", [True, False])
def test_a_setting_of_a_feature_on_request_needs_its_name(lab: Path, named: bool) -> None:
    from ethoflow.project import ProjectError

    with (lab / "project.yaml").open("a") as file:
        file.write("features: [path_length]\n" if named else "")
        file.write("parameters: {path_length: {window: 2 s}}\n")
    if named:
        assert load_project(lab / "project.yaml").features == ["path_length"]
        return
    with pytest.raises(ProjectError, match="'path_length' is not among the features"):
        load_project(lab / "project.yaml")


ON_LABELS = f"""{OWN}
@ef.behaviour(max_gap="0 s", min_bout="0 s")
def calm(hasty, moving):
    \"\"\"Neither hasty nor moving.\"\"\"
    return (hasty == 0) & (moving == 0)

@ef.feature(dims=("time",), units="1")
def weighted(moving, *, scale=1.0):
    \"\"\"Moving, by a factor.\"\"\"
    return moving * scale
"""


@pytest.mark.parametrize(
    ("chosen", "setting"),
    [
        ("rules: [calm]\nfeatures: [speed]", "moving: {min_speed: 400 mm/s}"),
        ("rules: [calm]\nfeatures: []", "hasty: {min_speed: 4 mm/s}"),
        ("rules: [calm]\nfeatures: [speed]", "doubled: {by: 30}"),
        ("rules: [immobile]\nfeatures: [weighted]", "moving: {min_speed: 400 mm/s}"),
        ("rules: [moving]\nfeatures: [doubled]", "doubled: {by: 30}"),
    ],
)
def test_a_setting_of_what_is_rested_on_is_used(lab: Path, chosen: str, setting: str) -> None:
    (lab / "own.py").write_text(ON_LABELS)
    start = (lab / "project.yaml").read_text()
    project = f"{start}rule_files: own.py\n{chosen}\n"
    groups = ["labels/rules", *([] if chosen.endswith("[]") else ["features"])]
    found = []
    for parameters in ("", f"parameters: {{{setting}}}\n"):
        (lab / "project.yaml").write_text(project + parameters)
        succeed("run", lab / "project.yaml")
        opened = [ef.open(lab / "results" / "cohort.zarr", group).load() for group in groups]
        found.append(opened)
    assert not all(one.equals(other) for one, other in zip(*found, strict=True))


@pytest.mark.parametrize(
    "chosen", ["rules: [hasty]\nfeatures: [speed]", "rules: []\nfeatures: [doubled]"]
)
def test_a_setting_of_a_rule_that_nothing_reads_is_refused(lab: Path, chosen: str) -> None:
    from ethoflow.project import ProjectError

    (lab / "own.py").write_text(ON_LABELS)
    with (lab / "project.yaml").open("a") as file:
        file.write(f"rule_files: own.py\n{chosen}\nparameters: {{moving: {{min_speed: 4}}}}\n")
    with pytest.raises(ProjectError, match="'moving' is not among the rules.*rests on it"):
        load_project(lab / "project.yaml")


def test_init_finds_the_files_and_run_takes_what_it_writes(lab: Path) -> None:
    (lab / "project.yaml").unlink()
    succeed("init", lab, "--fps", 25)
    text = (lab / "project.yaml").read_text()
    assert "tracks/*.csv" in text
    assert "fps: 25" in text
    output = succeed("run", lab / "project.yaml")
    assert "which need positions in mm. These are in px." in output
    assert output.count("positions in mm") == 1
    assert run("init", lab).exit_code == 1


def test_rules_that_need_mm_are_refused_before_poses_are_made(lab: Path) -> None:
    tracks = (lab / "project.yaml").read_text().splitlines()[0]
    (lab / "project.yaml").write_text(f"{tracks}\nfps: 25\nrules: [freezing, moving]\n")
    done = run("run", lab / "project.yaml")
    assert done.exit_code == 1
    assert "cannot apply moving, which needs positions in mm. These are in px." in done.output
    assert "poses:" not in done.output
    with (lab / "project.yaml").open("a") as file:
        file.write("parameters: {moving: {min_speed: 30 px/s}}\n")
    assert "freezing, moving" in succeed("run", lab / "project.yaml")


def test_rules_of_ones_own_from_the_command_line(lab: Path) -> None:
    (lab / "rules.py").write_text(
        "import ethoflow as ef\n\n\n"
        '@ef.behaviour(roles=("nose",), units={"min_speed": "mm/s"})\n'
        "def head_scanning(speed, *, min_speed=80.0):\n"
        '    """The nose is fast."""\n'
        "    return speed[0] >= min_speed\n"
    )
    succeed("ingest", *(lab / "tracks").glob("*.csv"), "--fps", 25, "--out", lab / "c.zarr")
    output = succeed(
        "annotate", lab / "c.zarr", "--px-per-mm", 1.6, "--rules", "moving",
        "--rule-file", lab / "rules.py", "--set", "head_scanning.min_speed=5 cm/s",
        "--scheduler", "processes",
    )  # fmt: skip
    labels = ef.open(lab / "c.zarr", "labels/rules")
    assert set(labels.data_vars) == {"moving", "head_scanning"}
    assert "5 cm/s" in labels.head_scanning.attrs["source"]
    assert "head_scanning" in output


def test_a_preset_in_the_project_and_from_the_command_line(lab: Path) -> None:
    project = lab / "project.yaml"
    before = project.read_text()
    thresholds = "parameters: {moving: {max_gap: 1 s}, deepof_activity: {max_speed: 5 cm/s}}\n"
    project.write_text(f"{before}preset: deepof\nrules: [moving, nose_to_body]\n{thresholds}")
    succeed("run", project)
    labels = ef.open(lab / "results/cohort.zarr", "labels/rules")
    assert set(labels.data_vars) == {"moving", "nose_to_body"}
    assert labels.moving.attrs["source"].startswith("deepof_moving(")
    assert "max_gap='1 s'" in labels.moving.attrs["source"]
    assert "majority='12 frames'" in labels.nose_to_body.attrs["source"]
    for keys, said in (
        ("preset: depof\n", "no preset 'depof'. Did you mean 'deepof'"),
        ("preset: deepof\nrules: [immobile]\n", "no rule of the preset deepof 'immobile'"),
    ):
        project.write_text(before + keys)
        result = run("run", project)
        assert result.exit_code == 1
        assert said in result.output
    output = succeed("annotate", lab / "results/cohort.zarr", "--px-per-mm", 1.6, "--rules", "all")
    assert "`ethoflow tables" in output
    assert "turning_left" in output


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        ("ingest", [TracksKeys]),
        ("annotate", [PosesKeys, FeaturesKeys, RulesKeys]),
        ("labels", [Scoring]),
    ],
)
def test_commands_of_stages_have_an_option_for_every_key(command: str, keys: list) -> None:
    said = succeed(command, "--help")
    options = [one for kind in keys for one in options_of(kind).values()]
    wanted = {flag for one in options if one.place[0] not in ("tracks", "files")
              for flag in one.flags}  # fmt: skip
    assert wanted <= set(re.findall(r"--[\w-]+", said))


def test_what_is_typed_comes_to_what_the_project_says(lab: Path) -> None:
    with (lab / "project.yaml").open("a") as file:
        file.write("rules: [moving]\nparameters: {moving: {min_speed: 60 mm/s, min_bout: 1 s}}\n")
    path = lab / "c.zarr"
    succeed("ingest", *(lab / "tracks").glob("*.csv"), "--fps", 25, "--out", path)
    succeed("annotate", path, "--project", lab / "project.yaml", "--window", "80 ms",
            "--parameters", "moving.min_speed=70 mm/s")  # fmt: skip
    assert "70 mm/s" in (source := ef.open(path, "labels/rules").moving.attrs["source"])
    assert "1 s" in source
    assert "80 ms" in str(ef.open(path, "poses").position.attrs)
    done = run("annotate", path, "--max-gap", "3 cm")
    assert (done.exit_code, "--max-gap: clean.max_gap" in done.output) == (1, True)


def test_a_number_is_asked_for(lab: Path) -> None:
    file = next((lab / "tracks").glob("*.csv"))
    for command in (["ingest", file, "--resample-fps"], ["labels", file, "--offset"]):
        done = run(*command, "many")
        assert done.exit_code == 1
        assert f"{command[-1]} must be a number, found 'many'" in done.output
    done = run("labels", file, "--since", "birth")
    assert "--since: since: Input should be 'origin' or 'tracks'" in done.output


def test_labelling_again_keeps_the_calibration(lab: Path) -> None:
    first, *others = sorted((lab / "tracks").glob("*.csv"))
    succeed("ingest", first, "--fps", 25, "--out", lab / "c.zarr")
    succeed("annotate", lab / "c.zarr", "--px-per-mm", 1.6, "--rules", "moving")
    assert "kept as they are, in mm" in succeed("annotate", lab / "c.zarr", "--rules", "immobile")
    labels = ef.open(lab / "c.zarr", "labels/rules")
    assert set(labels.data_vars) == {"moving", "immobile"}
    succeed("ingest", *others, "--fps", 25, "--out", lab / "c.zarr")
    done = run("annotate", lab / "c.zarr")
    assert done.exit_code == 1
    assert "session_02" in done.stderr
    assert "--px-per-mm" in done.stderr


def test_info_on_a_file_and_on_a_store(lab: Path) -> None:
    file = next((lab / "tracks").glob("*.csv"))
    assert "Tail_base" in succeed("info", file)
    succeed("ingest", file, "--fps", 25, "--out", lab / "c.zarr")
    assert "1 recording" in succeed("info", lab / "c.zarr")


@pytest.mark.parametrize(
    ("pattern", "fps", "options", "n_recordings", "labels"),
    [
        ("gait-beamwalk-autogaita/25mm/*SIMI*.csv", 100, [], 5, None),
        (
            "gait-beamwalk-autogaita/25mm/*SIMI*.csv",
            100,
            ["--skeleton", "centre=Iliac Crest", "--set", "moving.min_speed=100 px/s"],
            5,
            {"moving"},
        ),
        (
            "freezing-behaviordepot/demo1/demo1_tracking.csv",
            50,
            ["--px-per-mm", 3.2],
            1,
            {"moving", "immobile"},
        ),
        ("dlc-openfield-m3v1/*.h5", 30, ["--px-per-mm", 2], 4, None),
        (
            "deepof-examples/test_square_arena_topview/Tables/*.h5",
            25,
            ["--arena", "polygon 108,30 539,29 533,438 104,431 px, 420.12 px = 380 mm"],
            1,
            {"moving", "immobile", "climbing"},
        ),
        (
            "deepof-examples/test_madlc_topview/Tables/*.csv",
            25,
            ["--px-per-mm", 1.1],
            1,
            {
                "moving",
                "immobile",
                "following",
                "nose_to_nose",
                "nose_to_tail",
                "side_by_side",
            },
        ),
    ],
)
def test_the_main_job_on_real_files(
    real_data: Path,
    tmp_path: Path,
    pattern: str,
    fps: float,
    options: list[object],
    n_recordings: int,
    labels: set[str] | None,
) -> None:
    path = tmp_path / "c.zarr"
    output = succeed("ingest", real_data / pattern, "--fps", fps, "--out", path)
    assert f"{n_recordings} recording" in output
    output = succeed("annotate", path, *options)
    tree = ef.open(path)
    assert float(tree["tracks"].fps) == fps
    assert tree["poses"].sizes["recording"] == n_recordings
    if labels is None:
        assert re.search("needs? a body part in the role 'centre'", output)
        assert not store.has_data(path, "labels/rules")
        return
    found = tree["labels/rules"].to_dataset().compute()
    assert set(found.data_vars) == labels
    for name, array in found.data_vars.items():
        assert set(np.unique(array.values[~np.isnan(array.values)])) <= {0.0, 1.0}, name
    budget = pd.read_csv(tmp_path / "c_results" / "tables" / "time_budget.csv")
    assert (budget.observed > 0).all()


def test_two_animals_by_prefix(real_data: Path, tmp_path: Path) -> None:
    files = real_data / "deepof-examples/test_multi_topview/Tables/*.csv"
    succeed("ingest", files, "--fps", 25, "--individuals", "B,W", "--out", tmp_path / "c.zarr")
    tracks = ef.open(tmp_path / "c.zarr", "tracks")
    assert tracks.animal.values.tolist() == [["B", "W"]]
    assert tracks.sizes["bodypart"] == 14


def test_columns_and_background_of_labels(tmp_path):
    tracks = ef.from_arrays(np.ones((1, 1, 2, 60)), fps=30, bodyparts=["nose"], recording="m")
    ef.write(tracks, tmp_path / "c.zarr")
    table = tmp_path / "m.csv"
    table.write_text("behavior,box,start,stop\nrear,l,0,0.5\nrear,r,1,1.5\n")
    assert "individual" in succeed("labels", table, "--column", "individual=box")
    said = succeed("labels", table, "--column", "ignore=box", "--store", tmp_path / "c.zarr")
    assert "rear: 50.0% of the scored frames" in said
    frames = tmp_path / "m2.csv"
    rows = "".join(f"{i},{int(i >= 15)},{int(i < 15)}\n" for i in range(60))
    frames.write_text(f",background,groom\n{rows}")
    again = ("--store", tmp_path / "c.zarr", "--group", "labels/frames")
    said = succeed("labels", frames, "--background", "absent", *again)
    assert "groom: 25.0% of the scored frames" in said
    said = succeed("labels", frames, "--background", "unlabelled", *again)
    assert "groom: 100.0% of the scored frames" in said


def test_files_that_score_one_recording_otherwise_are_said(tmp_path):
    tracks = ef.from_arrays(np.ones((1, 1, 2, 60)), fps=30, bodyparts=["nose"], recording="m")
    ef.write(tracks, tmp_path / "c.zarr")
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("behavior,start,stop\nrear,0,0.5\n")
    other.write_text("behavior,start,stop\nrear,0,1\n")
    said = CliRunner().invoke(
        app, ["labels", *map(str, (one, other, "--store", tmp_path / "c.zarr"))]
    )
    assert "other.csv: 15 frames of rear scored otherwise in an earlier file" in " ".join(
        said.output.split()
    )
    found = ef.open(tmp_path / "c.zarr", "labels/human").rear
    assert int((found == 1).sum()) == 15


def test_labels_and_export(tmp_path, real_data):
    folder = real_data / "freezing-behaviordepot/demo1"
    succeed("ingest", folder / "demo1_tracking.csv", "--fps", "50", "--out", tmp_path / "c.zarr")
    scores = folder / "hB_demo1_manual_annotations.mat.mat"
    listed = succeed("labels", scores)
    assert "Freezing" in listed
    assert "next: ethoflow labels" in listed
    said = succeed("labels", scores, "--store", tmp_path / "c.zarr")
    assert "Freezing: 22.8% of the scored frames" in said
    assert "are taken to be of demo1_tracking, the one recording" in said
    stored = ef.open(tmp_path / "c.zarr", "labels/human")
    assert float(stored.Freezing.mean()) == pytest.approx(0.228, abs=5e-4)
    said = succeed(
        "export", tmp_path / "c.zarr", "--format", "tidy Parquet", "--out", tmp_path / "out"
    )
    assert "written: 1 files" in said
    again = ef.read(tmp_path / "out/demo1_tracking.parquet")
    first = ef.open(tmp_path / "c.zarr", "tracks").position[0].values
    np.testing.assert_array_equal(again.position.values, first)


def test_info_says_what_looks_wrong(real_data):
    vame = real_data / "vame-one-recording-4-formats/tests_project_sample_data/cropped_video.csv"
    said = succeed("info", vame)
    assert "750 frames, the video cropped_video.mp4 749" in said
    assert "Nose: jumps by more than the animal's length" in said
    assert "--fps video" in said
    scores = real_data / "boris-annotations/boris-tests/test_export_events_tabular.csv"
    assert "scored behaviour, no tracks" in succeed("info", scores)


def test_init_where_nothing_is_and_where_files_lie(tmp_path, real_data):
    assert "wrote" in succeed("init", tmp_path / "new")
    beside = tmp_path / "beside"
    beside.mkdir()
    table = real_data / "freezing-behaviordepot/demo1/demo1_tracking.csv"
    (beside / "m.csv").write_bytes(table.read_bytes())
    succeed("init", beside, "--fps", 50)
    assert load_project(beside / "project.yaml").tracks == ["*.csv"]


def test_scale_of_a_store_may_change(tmp_path, real_data):
    """From px to mm and back: nothing of the former unit stays behind."""
    table = real_data / "freezing-behaviordepot/demo1/demo1_tracking.csv"
    path = tmp_path / "c.zarr"
    succeed("ingest", table, "--fps", 50, "--out", path)
    for scale, units, labels in (
        (["--arena", "circle 500 375 300"], "px", {"climbing"}),
        (["--px-per-mm", 3.2], "mm", {"immobile", "moving"}),
        (["--arena", "circle 500 375 300 px = 38 cm"], "mm", {"climbing", "immobile", "moving"}),
        (["--arena", "circle 500 375 300"], "px", {"climbing"}),
    ):
        succeed("annotate", path, *scale)
        poses = ef.open(path, "poses")
        assert poses.position.attrs["units"] == units
        assert "arena" not in poses or poses.arena.attrs["units"] == units
        found = ef.open(path, "labels/rules")
        assert set(found.data_vars) == labels
        assert {"fps", "n_frames", "animal"} <= set(found.coords)
        assert set(xr.open_zarr(path, group="labels/rules").data_vars) == labels
        budget = pd.read_csv(tmp_path / "c_results/tables/time_budget.csv")
        assert set(budget.behaviour) == labels


def test_places_that_are_taken(tmp_path, real_data):
    table = real_data / "freezing-behaviordepot/demo1/demo1_tracking.csv"
    taken = tmp_path / "m.csv"
    taken.write_bytes(table.read_bytes())
    done = run("ingest", taken, "--fps", 50, "--out", taken)
    assert done.exit_code == 1
    assert "is a file: choose another place" in done.output
    done = run("ingest", taken, "--fps", 50, "--out", tmp_path)
    assert "holds other things than a Zarr store" in done.output


def test_formats_version_and_fractions(tmp_path, real_data):
    said = succeed("formats")
    assert "SLEAP" in said
    assert "BORIS project" in said
    assert 'NWB ndx-pose (pip install "ethoflow[nwb]")' in re.sub(" +", " ", said)
    assert ef.__version__ in succeed("--version")
    table = real_data / "freezing-behaviordepot/demo1/demo1_tracking.csv"
    path = tmp_path / "c.zarr"
    succeed("ingest", table, "--fps", "30000/1001", "--out", path)
    assert float(ef.open(path, "tracks").fps) == 30000 / 1001
    succeed("annotate", path, "--px-per-mm", 3.2)
    succeed("export", path, "--format", "nwb", "--group", "poses", "--out", tmp_path / "out")
    again = ef.read(tmp_path / "out/demo1_tracking.nwb")
    poses = ef.open(path, "poses").position[0].values
    np.testing.assert_array_equal(again.position.values, poses)


def test_most_files_set_the_skeleton_and_copies_are_noted(tmp_path):
    for name, parts in (("a", ["x"]), ("b", ["nose", "tail"]), ("c", ["nose", "tail"])):
        tracks = ef.from_arrays(np.ones((1, len(parts), 2, 9)), fps=25, bodyparts=parts)
        ef.export(tracks, tmp_path / f"{name}.csv", format="DeepLabCut CSV")
    done = run("ingest", tmp_path / "*.csv", "--fps", 25, "--out", tmp_path / "c.zarr")
    assert done.exit_code == 3
    said = re.sub(r"\s+", " ", done.output)
    assert "a.csv: its body parts differ from those of b" in said
    assert "its content is that of b, to the byte" in said
    assert ef.open(tmp_path / "c.zarr", "tracks").recording.values.tolist() == ["b", "c"]


def test_progress_is_drawn_on_terminals_alone():
    """A notebook has colours, and keeps every line that a bar draws."""
    code = "from ethoflow.cli.screen import Screen; s = Screen()\nwith s.track('x') as t: t(1, 2)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "FORCE_COLOR": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout + done.stderr == ""
