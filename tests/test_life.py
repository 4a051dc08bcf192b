"""Wrong input through the command line: a sentence, the way out, exit code 1, and never a trace."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import ethoflow as ef
from ethoflow import simulate
from tests.test_cli import run, succeed

RULE = '''
import ethoflow as ef

@ef.behaviour(roles=("nose",), units={{"min_speed": "mm/s"}})
def {name}(speed, *, min_speed=80.0):
    """The nose is fast."""
    {body}
'''


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab with a project that was run, and a store of it with labels."""
    folder = tmp_path_factory.mktemp("life") / "lab"
    simulation = simulate.simulate_cohort(2, duration="8 s", seed=5)
    simulate.write_dlc(simulation.tracks, folder / "tracks")
    simulate.write_metadata(simulation.tracks, folder / "animals.csv")
    (folder / "project.yaml").write_text(
        "tracks: tracks/*.csv\nfps: 25\nmetadata: animals.csv\npx_per_mm: 1.6\n"
        "pictures: {recordings: 0}\ncleaning: {pictures: 0}\n"
    )
    (folder / "bouts.csv").write_text("behaviour,start,stop\ngroom,1,2\ngroom,3,4\n")
    succeed("run", folder / "project.yaml")
    return folder


@pytest.fixture
def lab(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "lab"))


def refused(*arguments: object) -> str:
    """What a command says that ends with an error, on one line."""
    done = run(*arguments)
    assert done.exit_code == 1, done.output
    assert "Traceback" not in done.output
    said = done.stderr[done.stderr.index("error:") :]
    return re.sub(r"\s+", " ", said)


def with_line(lab: Path, line: str, **files: str) -> Path:
    for name, text in files.items():
        (lab / f"{name}.py").write_text(text)
    with (lab / "project.yaml").open("a") as file:
        file.write(f"{line}\n")
    return lab / "project.yaml"


# --- the project file -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fps: 30", "line 7: the key 'fps' is there already, in line 2"),
        ("resample_fps: .inf", "resample_fps: must be frames per second, a number above 0"),
        ("skeletn: {}", r"unknown key 'skeletn'.*Did you mean 'skeleton'"),
        ("clean: {windw: 3}", r"unknown key 'clean.windw'.*Did you mean 'window'"),
        ("clean: {max_jump: -3}", "must be a length above 0"),
        ("clean: {window: 3 years}", r"smooth\(window\) = '3 years'.*longest recording has 200"),
        ("clean: {window: 1000000000}", "longest recording has 200"),
        ("parameters: {moving: {max_gap: 1e9 s}}", r"moving\(max_gap\).*longest recording"),
        ("parameters: {moving: {min_sped: 3}}", "Did you mean 'min_speed'"),
        ("parameters: {moving: {min_speed: .inf}}", "must be a finite number"),
        (
            "rules: [climbing]\nparameters: {moving: {min_speed: 3}}",
            "'moving' is not among the rul",
        ),
        ("features: [sped]", "line 7: there is no feature 'sped'. Did you mean 'speed'"),
        ("features: [moving]", "'moving' is a rule, not a feature"),
        ("rules: [speed]", "'speed' is a feature, not a rule"),
        ("rules: following\nskeleton: {neck: Nose}", r"cannot apply following.* role 'nose'"),
        ("features: body_span\nskeleton: {neck: Nose}", r"cannot compute body_span.* role 'nose'"),
        ("skeleton: {neck: Nos}", r"names 'Nos' as neck; .* Did you mean 'Nose'"),
        ("roles: {nek: Nose}", "line 7: there is no role 'nek'. Did you mean 'neck'"),
        ("skeleton: {neck: 3}", "line 7: skeleton"),
        ("\tarena: 3", r"line 7, column 1: .*Indent with blanks"),
        ("x: [3", "is not YAML: line"),
        ("resample_fps: 1e12", "must lie between"),
    ],
)
def test_lines_of_a_project(lab: Path, line: str, said: str) -> None:
    assert re.search(said, refused("run", with_line(lab, line)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "must hold keys and values"),
        (b"- a\n- b\n", "must hold keys and values"),
        (bytes(range(256)), "no text in UTF-8"),
        (b"tracks: track/*.csv\nfps: 25\n", r"nothing is at .*Did you mean '.*/tracks'"),
        (b"tracks: tracks/*.h5\nfps: 25\n", r"The folder .*/tracks holds 2 \.csv"),
        (b"tracks: tracks\nfps: 25\n", r"this is a folder: name its files, .*\*\.csv"),
        (b"tracks: tracks/*.csv\nfps: 25\nmetadata: animal.csv\n", "Did you mean '.*animals.csv'"),
        (b"tracks: tracks/*.csv\nfps: twenty\n", "line 2: fps: must be frames per second"),
        (
            b"tracks: tracks/*.csv\nfps: video\n",
            "opened lies beside: session_00DLC",
        ),
        (b"tracks: tracks/*.csv\nfps: 25\nout: animals.csv\n", "something else lies there"),
    ],
)
def test_whole_projects(lab: Path, text: bytes, said: str) -> None:
    (lab / "project.yaml").write_bytes(text)
    assert re.search(said, refused("run", lab / "project.yaml"))


def test_a_project_elsewhere(lab: Path) -> None:
    assert "Did you mean" in refused("run", lab / "projet.yaml")
    assert "project.yaml" in refused("run", lab)


def test_adding_a_skeleton_later(lab: Path) -> None:
    """The pairs of body parts that segments lie between are others then."""
    before = ef.open(lab / "results/cohort.zarr", "features").segment.values.tolist()
    output = succeed("run", with_line(lab, "skeleton: {neck: Nose}"))
    after = ef.open(lab / "results/cohort.zarr", "features").segment.values.tolist()
    assert len(after) < len(before)
    assert output.count("Name one with skeleton=") == 1
    skipped = re.search(r"skipped (.*) This recording has", output, re.DOTALL)
    assert skipped is not None
    for name in ("heading", "body_span", "body_length", "following", "immobile"):
        assert name in skipped[1]


def test_recordings_have_short_names_for_arenas_and_scales(lab: Path) -> None:
    project = lab / "project.yaml"
    text = project.read_text()
    project.write_text(text.replace("1.6", "{session_00: 1.6, session_01: 3.2}"))
    succeed("run", project)
    scales = ef.open(lab / "results/cohort.zarr", "poses").px_per_mm.values
    assert scales.tolist() == pytest.approx([1.6, 3.2])
    project.write_text(text.replace("1.6", "{session_00: 1.6, sesion_01: 3.2}"))
    assert "Did you mean 'sesion_01'" in refused("run", project)


# --- rules of ones own ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE.format(name="dash", body="return speed[7] > 1"),
         r"dash failed in .*/mine\.py, line 7: IndexError.*\(recording session_0"),
        (RULE.format(name="dash", body="return speed"), "dash gave the shape"),
        (RULE.format(name="dash", body="return speed[0]"), "must return booleans, found float32"),
        ("import ethoflow as ef\n\ndef broken(:\n", r"mine\.py, line 3 cannot be run: not Python"),
        (RULE.format(name="moving", body="return speed[0] > 1"), r"mine\.py, line 4: moving is "
         r"declared twice: there is a rule of that name in ethoflow\.behaviours\.moving"),
        ("import sys\nsys.exit(3)\n", "line 2 cannot be run: SystemExit"),
        ("import nonsense_package\n", "line 1 cannot be run: ModuleNotFoundError"),
        ("x = 1\n", "declares nothing"),
        ("import ethoflow as ef\n@ef.behaviour()\ndef dash(bodily):\n    return bodily > 1\n",
         "dash, which needs the variable 'bodily'"),
        ("import ethoflow as ef\n@ef.behaviour()\ndef dash(dash):\n    return dash > 1\n",
         "dash needs itself"),
        ("import ethoflow as ef\n@ef.behaviour(scope='pairs')\ndef dash(speed): ...\n",
         "scope must be 'individual', 'pair' or 'group'"),
        ("import ethoflow as ef\n@ef.behaviour(halo=-1)\ndef dash(speed): ...\n",
         "halo must be frames"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("by", ["project", "annotate"])
def test_a_faulty_rule_file(lab: Path, text: str, said: str, by: str) -> None:
    (lab / "mine.py").write_text(text)
    if by == "project":
        command: list[object] = ["run", with_line(lab, "rule_files: mine.py\nrules: dash")]
    else:
        command = ["annotate", lab / "results/cohort.zarr", "--rule-file", lab / "mine.py"]
    assert re.search(said, refused(*command))


RESERVED = (
    "time", "recording", "digest", "fps", "n_frames", "origin", "animal", "position", "share",
    "start", "role", "individual", "partner", "source_file", "behaviour", "made_of",
)  # fmt: skip


@pytest.mark.parametrize("name", RESERVED)
def test_names_that_datasets_have_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine.py").write_text(RULE.format(name=name, body="return speed[0] > 1"))
    with pytest.raises(ef.DataError, match=rf"line 4 .* cannot be called '{name}'"):
        ef.load_rules(tmp_path / "mine.py")

    def other(speed: object) -> None: ...

    other.__name__ = name
    with pytest.raises(TypeError, match=f"cannot be called '{name}'"):
        ef.feature(dims=("time",))(other)


def test_two_rule_files_of_one_stem(lab: Path) -> None:
    for folder, name in (("a", "dashing"), ("b", "scurrying")):
        (lab / folder).mkdir()
        text = RULE.format(name=name, body="return speed[0] > min_speed")
        (lab / folder / "rules.py").write_text(text)
    files = "rule_files: [a/rules.py, b/rules.py]"
    succeed(
        "run", with_line(lab, f"{files}\nrules: [dashing, scurrying]"), "--scheduler", "processes"
    )
    labels = ef.open(lab / "results/cohort.zarr", "labels/rules")
    assert set(labels.data_vars) == {"dashing", "scurrying"}
    text = RULE.format(name="dashing", body="return speed[0] < min_speed")
    (lab / "b" / "rules.py").write_text(text)
    said = refused("run", lab / "project.yaml")
    assert re.search(r"b/rules\.py, line 4: dashing is declared twice.*a/rules\.py", said)


def test_own_rules_join_those_that_are_there(lab: Path) -> None:
    mine = RULE.format(name="hasty", body="return speed[0] > min_speed")
    succeed("run", with_line(lab, "rule_files: mine.py", mine=mine))
    labels = ef.open(lab / "results/cohort.zarr", "labels/rules")
    assert {"hasty", "moving", "immobile"} <= set(labels.data_vars)


# --- commands ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("annotate {store} --rules mooving", "there is no rule 'mooving'. Did you mean 'moving'"),
        ("annotate {store} --rules speed", "is a feature, not a rule"),
        ("annotate {store} --rules ,", "--rules names nothing"),
        ("annotate {store} --set moving=3", "write it as rule.parameter=value"),
        ("annotate {store} --set moving.min_sped=3", "Did you mean 'min_speed'"),
        ("annotate {store} --set mooving.min_speed=3", "there is no rule 'mooving'"),
        ("annotate {store} --set moving.min_speed=3kg", "found '3kg'"),
        ("annotate {store} --set moving.min_bout=-3", "zero or more"),
        ("annotate {store} --rule-file none.py", "there is no rule file at .*none.py"),
        ("annotate {store} --rule-file {lab}", "is a folder: name a file of rules"),
        ("annotate {store} --rule-file {lab}/animals.csv", "cannot be run"),
        ("annotate {store} --skeleton centre=Nos --px-per-mm 2", "Did you mean 'Nose'"),
        ("annotate {store} --skeleton centr=Nose --px-per-mm 2", "Did you mean 'centre'"),
        ("annotate {store} --px-per-mm 2 --scheduler thread", "Did you mean 'threads'"),
        ("annotate {lab}", r"no Zarr store at .*Did you mean '.*cohort\.zarr'"),
        ("annotate {file}", "It is a file: `ethoflow info"),
        ("annotate {lab}/results/chort.zarr", r"Did you mean '.*cohort\.zarr'"),
        ("ingest {lab}/tracks/session_0.csv --fps 25 --out {lab}/x", "Did you mean '.*session_00"),
        ("ingest {file} --fps 0 --out {lab}/x.zarr", "--fps must be frames per second"),
        ("ingest {file} --fps 25 --resample-fps -1 --out {lab}/x.zarr", "positive number"),
        ("ingest {file} --fps 25 --resample-fps nan --out {lab}/x.zarr", "positive number"),
        ("ingest {file} --fps 25 --resample-fps 1e12 --out {lab}/x.zarr", "between 0.001 and"),
        ("ingest {file} --fps 25 --skeleton nose=Nos --out {lab}/x.zarr", "Did you mean 'Nose'"),
        ("ingest {file} --fps 25 --empty-groups allows --out {lab}/x.zarr", "found 'allows'"),
        ("ingest {file} --fps 25 --metadata {lab} --out {lab}/x.zarr", "is a folder: name the met"),
        (
            "ingest {file} --fps 25 --individuals , --out {lab}/x.zarr",
            "--individuals names nothing",
        ),
        ("ingest {store} --fps 25 --out {lab}/x.zarr", r"a Zarr store: open it with ef\.open"),
        ("labels {file}", "no scored behaviour: it holds tracks"),
        ("labels {lab}", "this is a folder"),
        ("labels {bouts} --store {store} --group poses", "labels cannot go into the group 'poses'"),
        ("labels {bouts} --store {store} --group labels/rules", "labels cannot go into the group"),
        ("labels {bouts} --store {store} --group labels/../x", "labels cannot go into the group"),
        ("labels {bouts} --store {store} --individual x", "the file names none"),
        ("labels {bouts} --column behavior=x", "Did you mean 'behaviour'"),
        ("export {store} --format nbw --out {lab}/o", "no format 'nbw' is written"),
        ("export {store} --format boris --group pose --out {lab}/o", "may be any of"),
        ("export {store} --format parquet --group pose --out {lab}/o", "Did you mean 'poses'"),
        ("info {lab}/anmals.csv", r"Did you mean '.*animals\.csv'"),
        ("info {lab}/results/tables", r"this is a folder: name its files"),
        ("info {file} --individuals session_00_A", "Upper and lower case differ"),
        ("info {file} --fps nan", "--fps must be frames per second"),
        ("verify {file}", "no Zarr store at"),
        ("init {bouts}/below", "a part of the path is a file"),
        ("init {lab}/new --fps 0", "positive number"),
        ("demo --out {bouts}", "a part of the path is a file"),
    ],
)
def test_commands(lab: Path, command: str, said: str) -> None:
    file = min((lab / "tracks").glob("*.csv"))
    names = {"lab": lab, "store": lab / "results/cohort.zarr", "file": file,
             "bouts": lab / "bouts.csv"}  # fmt: skip
    arguments = [word.format(**names) for word in command.split()]
    assert re.search(said, refused(*arguments))


def test_read_says_how_many_are_read(lab: Path) -> None:
    folder = lab / "tracks"
    files = sorted(folder.glob("*.csv"))
    for given, said in (
        (folder, r"this is a folder: name its files, as in ef\.read_cohort\('.*\*\.csv'\)"),
        (lab, r"as in ef\.read_cohort\('.*/tracks/\*\.csv'\)"),
        (files, r"several files are a cohort: ef\.read_cohort\(\[\.\.\.\]\)"),
        (folder / "*.csv", r"a pattern, of 2 files: .*ef\.read_cohort\("),
        (folder / "*.h5", r"a pattern that no file fits\. The folder .* holds 2 \.csv"),
        (lab / "results/cohort.zarr", r"a Zarr store: open it with ef\.open"),
        (folder / "session_00.csv", r"there is no such file\. Did you mean '.*session_00DLC"),
        (3, "name a file"),
    ):
        with pytest.raises(ef.DataError, match=said):
            ef.read(given, fps=25)  # type: ignore[arg-type]


def test_a_video_that_cannot_be_opened_says_how_to_make_one(lab: Path) -> None:
    pytest.importorskip("cv2")
    for name in ("session_00", "session_01"):
        (lab / "tracks" / f"{name}.avi").write_bytes(b"no video")
    command = ["ingest", *(lab / "tracks").glob("*.csv"), "--fps", "video", "--out", lab / "x.zarr"]
    said = refused(*command)
    assert re.search(r"ffmpeg -i \S*(session_0\d)\.avi .*-pix_fmt yuv420p \S*\1\.mp4", said)
