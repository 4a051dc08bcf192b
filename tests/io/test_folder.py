"""Every file of the real sets: read as its format, or refused in a sentence that is right.

The table below says what to expect of each kind of file: the format and the shape (recordings,
individuals, body parts, coordinates, frames of the first), or words of the refusal.
"""

from __future__ import annotations

import fnmatch
from pathlib import Path

import numpy as np
import pytest

from ethoflow.io.content import Content
from ethoflow.io.loading import load
from ethoflow.io.options import Options
from ethoflow.io.reader import readers
from ethoflow.io.recognition import recognise
from ethoflow.schema import DataError

NOT_TRACKING = (".md", ".mp4", ".jpeg", ".DS_Store")

EXPECTED: dict[str, tuple[str, tuple[int, ...]] | str] = {
    # aggression-labels-behavysis: scored behaviour
    "aggression*/*.feather": "an Arrow or Feather table",
    "aggression*/*.json": "JSON that begins with",
    # boris-annotations: scored behaviour
    "boris*/boris-tests/*_full_6.tsv": "the file is empty",
    "boris*/boris-tests/*.boris": "scored behaviour is read by ef.read_labels",
    "boris*/*.xlsx": "a zip archive or an Excel workbook",
    "boris*/*": "text that begins with",
    "centroid*/ethoscope/*21-36-04_014.db": "an SQLite database that is cut off (15 bytes)",
    "centroid*/ethoscope/*21-46-14_014.db": ("Ethoscope", (1, 20, 1, 2, 73)),
    "centroid*/ethoscope/*15-42-46_014.db": ("Ethoscope", (1, 20, 1, 2, 204)),
    "centroid*/ethoscope/*_029.db": ("Ethoscope", (1, 20, 1, 2, 630)),
    "centroid*/ethoscope/*": "text that begins with",
    "centroid*/fasttrack/tracking.db": ("FastTrack database", (1, 14, 3, 2, 200)),
    "centroid*/fasttrack/tracking.txt": ("FastTrack text", (1, 14, 3, 2, 200)),
    "centroid*/tracktor/fish*": ("tracktor", (1, 1, 1, 2, 547)),
    "centroid*/tracktor/flume*": ("tracktor", (1, 1, 1, 2, 4616)),
    "centroid*/tracktor/mouse*": ("tracktor", (1, 1, 1, 2, 10000)),
    "deepof*/test_data/*": "text that begins with",
    "deepof*/test_madlc*/*.csv": ("DeepLabCut CSV", (1, 2, 14, 2, 97)),
    "deepof*/test_madlc*/*.h5": ("DeepLabCut HDF5", (1, 2, 14, 2, 100)),
    "deepof*/test_multi*/*.csv": ("DeepLabCut CSV", (1, 1, 28, 2, 98)),
    "deepof*/test_multi*/*.h5": ("DeepLabCut HDF5", (1, 1, 28, 2, 100)),
    "deepof*/test_single*/*.analysis.h5": ("SLEAP analysis HDF5", (1, 1, 14, 2, 101)),
    "deepof*/test_single*/*.slp": ("SLEAP .slp", (1, 1, 14, 2, 101)),
    "deepof*/test_single*/*.npy": "a NumPy array without names of body parts",
    "deepof*/test_single*/*.csv": ("DeepLabCut CSV", (1, 1, 14, 2, 97)),
    "deepof*/test_single*/*.h5": ("DeepLabCut HDF5", (1, 1, 14, 2, 100)),
    "deepof*/test_square*/*.h5": ("DeepLabCut HDF5", (1, 1, 14, 2, 451)),
    "dlc-openfield-bsoid/*.csv": ("DeepLabCut CSV", (1, 1, 6, 2, 7200)),
    "dlc-openfield-bsoid/*.h5": ("DeepLabCut HDF5", (1, 1, 6, 2, 7200)),
    "dlc-openfield-bsoid/*.pickle": "Python pickle",
    "dlc-openfield-m3v1/*.h5": ("DeepLabCut HDF5", (1, 1, 4, 2, 2330)),
    "dlc-openfield-m3v1/*.nwb": ("NWB ndx-pose", (1, 1, 4, 2, 2330)),
    "endpoint*/*": "text that begins with",
    "ethovision*/*Example_import_file.xlsx": ("EthoVision XT", (1, 1, 3, 2, 8992)),
    "ethovision*/*.xlsx": "an Excel workbook",
    "ethovision*/*Track_1.tab": ("Rtrack raw path", (1, 1, 1, 2, 198)),
    "ethovision*/*": "text that begins with",
    "fish*/test_traj*": ("idtracker.ai NumPy", (1, 8, 1, 2, 508)),
    "fish*/traj*": ("idtracker.ai NumPy", (1, 15, 1, 2, 1000)),
    "fly-courtship*/*.xlsx": "an Excel workbook",
    "fly-courtship*/*": "text that begins with",
    "fly-hand*/*": "text that begins with",
    "freezing*/demo1/*tracking.csv": ("DeepLabCut CSV", (1, 1, 8, 2, 6000)),
    "freezing*/demo4/*.csv": ("DeepLabCut CSV", (1, 1, 5, 2, 3540)),
    "freezing*/demo5/*.csv": ("DeepLabCut CSV", (1, 1, 5, 2, 12983)),
    "freezing*/demo1/*annotations.mat*": "an HDF5 file that holds",
    "freezing*/*.mat": "a MATLAB file",
    "freezing*/*.txt": "text that begins with",
    "gait*/25mm/*Mouse14*SIMI*.csv": ("DeepLabCut CSV", (1, 1, 15, 2, 430)),
    "gait*/25mm/*.csv": ("DeepLabCut CSV", ()),
    "gait*/*.xlsx": "an Excel workbook",
    "gait*/*.json": "JSON that begins with",
    "gait*/*.txt": "text that begins with",
    "human*/*": "text that begins with",
    "jaaba*/*": "a MATLAB file",
    "jabs*/example_pose_est_v2.h5": ("JABS pose", (1, 1, 12, 2, 100)),
    "jabs*/example_pose_est_v5.h5": ("JABS pose", (1, 4, 12, 2, 250)),
    "jabs*/sample_pose_est_v3.h5": ("JABS pose", (1, 232, 12, 2, 1800)),
    "jabs*/sample_pose_est_v5.h5": ("JABS pose", (1, 3, 12, 2, 1800)),
    "lightning*/*.npy": "a NumPy array without names",
    "lightning*/ibl-paw/*left*.csv": ("DeepLabCut CSV", (1, 1, 2, 2, 1000)),
    "lightning*/ibl-paw/*right*.csv": ("DeepLabCut CSV", (1, 1, 2, 2, 2500)),
    "lightning*/*.csv": ("DeepLabCut CSV", ()),
    "many*/animalta/single*": ("AnimalTA", (1, 9, 1, 2, 19)),
    "many*/animalta/variable*": ("AnimalTA", (1, 1, 1, 2, 19)),
    "many*/bbox/multiple*": ("VIA-tracks boxes", (1, 86, 1, 2, 5)),
    "many*/bbox/single*": ("VIA-tracks boxes", (1, 1, 1, 2, 168)),
    "many*/bonsai/*": ("Bonsai CSV", (1, 1, 1, 2, 999)),
    "many*/deeplabcut/mouse_multi.csv": ("DeepLabCut CSV", (1, 2, 12, 2, 27)),
    "many*/deeplabcut/*.csv": ("DeepLabCut CSV", ()),
    "many*/freemocap/*": ("FreeMoCap CSV", (1, 1, 568, 3, 2)),
    "many*/idtrackerai/trajectories.h5": ("idtracker.ai HDF5", (1, 8, 1, 2, 508)),
    "many*/idtrackerai/*/trajectories.csv": ("idtracker.ai CSV", (1, 8, 1, 2, 508)),
    "many*/idtrackerai/*.json": "JSON that begins with",
    "many*/idtrackerai/*": "text that begins with",
    "many*/lightningpose/*.csv": ("DeepLabCut CSV", ()),
    "many*/single/*": "text that begins with",
    "many*/sleap/*EPM*": ("SLEAP analysis HDF5", (1, 1, 6, 2, 18485)),
    "many*/sleap/*Aeon*": ("SLEAP analysis HDF5", (1, 3, 1, 2, 601)),
    "many*/trex/*": ("TRex CSV", (1, 1, 2, 2, 19)),
    "mouse-3d*/com3d.mat": ("DANNCE", (1, 1, 1, 3, 100)),
    "mouse-3d*/*skeleton.mat": "a MATLAB file",
    "mouse-3d*/save_data*.mat": ("DANNCE", (1, 1, 22, 3, 1000)),
    "mouse-3d*/*2d.pkl": "Python pickle",
    "mouse-3d*/*.pkl": ("DeepFly3D pickle", (1, 1, 38, 3, 15)),
    "nwb-pose/0.1.1*": "three coordinates and 'front_right_paw' two",
    "nwb-pose/0.3.0*": ("NWB ndx-pose", (1, 1, 2, 2, 10)),
    "nwb-pose/minimal*": ("NWB ndx-pose", (1, 2, 2, 2, 3)),
    "nwb-pose/untracked*": ("NWB ndx-pose", (1, 1, 2, 2, 3)),
    "oft*/*": "text that begins with",
    "sleap-flies/*/centered_pair*.h5": ("SLEAP analysis HDF5", (1, 27, 24, 2, 1100)),
    "sleap-flies/*/multi*.h5": ("SLEAP analysis HDF5", (1, 2, 2, 2, 3)),
    "sleap-flies/*/simple*.h5": ("SLEAP analysis HDF5", (1, 1, 2, 2, 3)),
    "sleap-flies/*/untracked*.h5": ("SLEAP analysis HDF5", (1, 2, 2, 2, 5)),
    "sleap-flies/*/*.json": "JSON that begins with",
    "sleap-flies/centered*.slp": ("SLEAP .slp", (1, 27, 24, 2, 1100)),
    "sleap-flies/clip.slp": ("SLEAP .slp", (1, 2, 13, 2, 1500)),
    "sleap-flies/clip*.slp": ("SLEAP .slp", (1, 2, 2, 2, 1500)),
    "sleap-flies/courtship*": ("SLEAP analysis HDF5", (1, 2, 13, 2, 3000)),
    "sleap-flies/dance*": ("SLEAP .slp", (1, 1, 17, 2, 450)),
    "sleap-flies/imgvideo.slp": "no labelled or predicted frame",
    "sleap-flies/labels*": ("SLEAP .slp", (1, 2, 2, 2, 991)),
    "sleap-flies/leap_labels.mat": "a MATLAB file",
    "sleap-flies/*.csv": ("SLEAP CSV", (1, 1, 2, 2, 1)),
    "sleap-flies/minimal*.slp": ("SLEAP .slp", (1, 2, 2, 2, 1)),
    "sleap-flies/multiview*": ("SLEAP .slp", (8, 2, 15, 2, 3)),
    "sleap-flies/predictions*": ("SLEAP .slp", (1, 2, 13, 2, 101)),
    "sleap-flies/reduce*": ("SLEAP .slp", (1, 3, 2, 2, 1)),
    "sleap-flies/small_robot*": ("SLEAP analysis HDF5", (1, 1, 3, 2, 3)),
    "sleap-flies/typical*": ("SLEAP .slp", (1, 3, 2, 2, 1)),
    "sleap-multiview-3d/*.toml": "text that begins with",
    "sleap-multiview-3d/calibration*.h5": "an HDF5 file that holds: detected_corners",
    "sleap-multiview-3d/points3d.h5": ("SLEAP-Anipose HDF5", (1, 1, 15, 3, 120)),
    "sleap-multiview-3d/*.slp": ("SLEAP .slp", (1, 1, 15, 2, 120)),
    "sleap-multiview-3d/*.h5": ("SLEAP analysis HDF5", (1, 1, 15, 2, 120)),
    "small*/*.json": "J",
    "small*/maudlc*": ("DeepLabCut labels", (1, 3, 5, 2, 4)),
    "small*/*CollectedData*": ("DeepLabCut labels", (1, 3, 5, 2, 4)),
    "small*/*/madlc*": ("DeepLabCut labels", (1, 2, 3, 2, 4)),
    "small*/*/dlc_testdata*": ("DeepLabCut labels", (1, 1, 3, 2, 4)),
    "small*/*dataset_1.csv": ("DeepLabCut labels", (1, 2, 3, 2, 2)),
    "small*/*dataset_2.csv": ("DeepLabCut labels", (1, 2, 3, 2, 1)),
    "vame*/*.csv": ("DeepLabCut CSV", (1, 1, 6, 2, 750)),
    "vame*/*.nc": ("movement netCDF", (1, 1, 6, 2, 750)),
    "vame*/*.nwb": ("NWB ndx-pose", (1, 1, 6, 2, 750)),
}


def files_of(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(p for p in found if p.suffix not in NOT_TRACKING and p.name not in NOT_TRACKING)


def expected(path: Path, folder: Path) -> tuple[str, tuple[int, ...]] | str:
    name = path.relative_to(folder).as_posix()
    for pattern, outcome in EXPECTED.items():
        if fnmatch.fnmatch(name, pattern):
            return outcome
    raise AssertionError(f"the table has nothing on {name}")


def test_the_whole_folder(real_data):
    wrong = []
    for path in files_of(real_data):
        outcome = expected(path, real_data)
        try:
            parts = load(path, Options.of(allow_pickle=True))
        except DataError as error:
            if not isinstance(outcome, str) or outcome not in str(error):
                wrong.append((path.name, outcome, str(error)[:120]))
            continue
        found = (recognise(path).name, (len(parts), *parts[0].position.shape))
        if found[0] != outcome[0] or (outcome[1] and found[1] != outcome[1]):
            wrong.append((path.name, outcome, found))
        for part in parts:
            missing = np.isnan(part.position)
            assert (missing.any(axis=2) == missing.all(axis=2)).all(), path
            assert not np.isinf(part.position).any(), path
    assert not wrong


def test_no_file_is_claimed_by_two_formats(real_data):
    for path in files_of(real_data):
        if path.stat().st_size == 0:
            continue
        content, claims = Content(path), []
        for one in (one for one in readers() if not one.last):
            try:
                claims += [one.name] if one.matches(content) else []
            except Exception:
                continue
        assert len(claims) <= 1, (path, claims)


def test_every_pattern_of_the_table_is_needed(real_data):
    names = [path.relative_to(real_data).as_posix() for path in files_of(real_data)]
    unused = set(EXPECTED)
    for name in names:
        unused.discard(next(p for p in EXPECTED if fnmatch.fnmatch(name, p)))
    assert not unused


def test_pickles_are_not_opened_unasked(real_data):
    for name in ("fish-idtrackerai/trajectories_with_points.npy",
                 "mouse-3d-dannce/deepfly3d/df3d_result.pkl"):  # fmt: skip
        with pytest.raises(DataError, match=r"Python pickle.*allow_pickle=True"):
            load(real_data / name)


# One recording in several formats.


def position_of(path: Path) -> np.ndarray:
    (tracks,) = load(path, Options.of(allow_pickle=True))
    order = np.argsort(tracks.bodyparts)
    return tracks.position[:, order]


def test_bsoid_csv_and_hdf5_are_equal(real_data):
    stem = "dlc-openfield-bsoid/raw_clip1DLC_resnet50_OpenFieldHighResApr8shuffle1_1030000"
    found = [load(real_data / f"{stem}.{suffix}")[0] for suffix in ("csv", "h5")]
    np.testing.assert_array_equal(found[0].position, found[1].position)
    np.testing.assert_array_equal(found[0].confidence, found[1].confidence)


def test_m3v1_hdf5_and_nwb_are_equal_in_all_four_points(real_data):
    stem = "dlc-openfield-m3v1/m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000"
    table, nwb = (load(real_data / f"{stem}.{suffix}")[0] for suffix in ("h5", "nwb"))
    assert table.bodyparts == nwb.bodyparts == ("snout", "leftear", "rightear", "tailbase")
    np.testing.assert_array_equal(table.position, nwb.position)
    np.testing.assert_array_equal(table.confidence, nwb.confidence)
    assert nwb.fps is None
    assert "contradict any video" in nwb.notes[0]


def test_centred_pair_in_three_files(real_data):
    folder = real_data / "sleap-flies"
    first = load(folder / "centered_pair_predictions.slp")[0].position
    for order in ("standard", "matlab"):
        other = load(folder / f"analysis-h5/centered_pair_{order}.analysis.h5")[0].position
        np.testing.assert_array_equal(first, other)


def test_vame_csv_netcdf_and_nwb_agree(real_data):
    import pandas as pd
    import xarray as xr

    folder = real_data / "vame-one-recording-4-formats"
    csv = folder / "tests_project_sample_data/cropped_video.csv"
    nc = folder / "tests_project_sample_nc/cropped_video.nc"
    table = pd.read_csv(csv, header=[1, 2], index_col=0)
    with xr.open_dataset(nc, engine="h5netcdf") as ds:
        for part in ds.keypoints.values:
            stored = ds.position.sel(keypoints=part).isel(individuals=0).transpose("time", "space")
            difference = np.abs(table[part][["x", "y"]].to_numpy(float) - stored.values)
            assert np.nanmax(difference) < 1e-12
    # The same number in float64 up to its last digits may round to neighbours in float32.
    np.testing.assert_allclose(position_of(csv), position_of(nc), rtol=2e-7)
    nwb = folder / "tests_project_sample_nwb/cropped_video.nwb"
    np.testing.assert_allclose(position_of(csv), position_of(nwb), atol=1e-4)


def test_idtracker_hdf5_and_csv_agree(real_data):
    folder = real_data / "many-formats-animovement/idtrackerai"
    a, b = (load(folder / n)[0] for n in ("trajectories.h5", "trajectories_csv/trajectories.csv"))
    np.testing.assert_allclose(a.position, b.position, atol=1e-3)
    assert a.fps == b.fps == 28


def test_fasttrack_text_and_database_agree(real_data):
    folder = real_data / "centroid-trackers/fasttrack"
    a, b = (load(folder / n)[0] for n in ("tracking.txt", "tracking.db"))
    assert a.animals == b.animals
    np.testing.assert_allclose(a.position, b.position, rtol=1e-4)


# Numbers of single formats, read by hand.


def test_trex_in_millimetres(real_data):
    import pandas as pd

    path = real_data / "many-formats-animovement/trex/beetle.csv"
    (tracks,) = load(path)
    raw = pd.read_csv(path)
    centre = tracks.position[0, tracks.bodyparts.index("wcentroid"), 0]
    np.testing.assert_allclose(centre, raw["X#wcentroid (cm)"] * 10, rtol=1e-5)
    assert tracks.units == "mm"
    assert tracks.confidence is None


def test_jabs_axes_and_identities(real_data):
    import h5py

    path = real_data / "jabs-pose/sample_pose_est_v5.h5"
    (tracks,) = load(path)
    with h5py.File(path) as file:
        group = file["poseest"]
        frame, slot = 100, 0
        who = int(group["instance_embed_id"][frame, slot]) - 1
        y, x = group["points"][frame, slot, 0]
        score = group["confidence"][frame, slot, 0]
    seen = tracks.position[tracks.animals.index(str(who)), 0, :, frame]
    if score > 0:
        np.testing.assert_array_equal(seen, [x, y])
    assert (tracks.confidence[np.isnan(tracks.position[:, :, 0])] == 0).any()


def test_dannce_samples_and_names(real_data):
    import scipy.io

    path = real_data / "mouse-3d-dannce/save_data_MAX_master.mat"
    (tracks,) = load(path)
    raw = scipy.io.loadmat(path)["pred"]
    snout = tracks.bodyparts.index("Snout")
    np.testing.assert_allclose(tracks.position[0, snout].T, raw[:, :, 2], rtol=1e-6)
    assert "10 frames of the video apart" in tracks.notes[0]
