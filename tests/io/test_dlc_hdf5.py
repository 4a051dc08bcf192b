"""DeepLabCut HDF5: both pandas layouts, and pickles that must not be opened."""

from __future__ import annotations

import pickle
import warnings

import h5py
import numpy as np
import pandas as pd
import pytest

from ethoflow.io.loading import load
from ethoflow.io.one_file import read
from ethoflow.schema import DataError
from tests.io.test_dlc_csv import assert_table


def write_fixed(path, table, key="df"):
    """A table in the fixed layout of pandas, as its files look."""
    columns = table.columns
    with h5py.File(path, "w") as file:
        group = file.create_group(key)
        group.attrs.update(
            pandas_type=np.bytes_("frame"), axis1_variety=np.bytes_("regular"), nblocks=1
        )
        for place in ("axis0", "block0_items"):
            group.attrs[f"{place}_nlevels"] = columns.nlevels
            for i, name in enumerate(columns.names):
                level = np.array([text.encode() for text in columns.levels[i]], dtype="S")
                group[f"{place}_level{i}"] = level
                group[f"{place}_level{i}"].attrs["name"] = np.bytes_(name)
                group[f"{place}_label{i}"] = columns.codes[i].astype("i1")
        group["axis1"] = table.index.to_numpy()
        group["block0_values"] = table.to_numpy()
        group["block0_values"].attrs["transposed"] = np.uint8(1)
    return path


def write_appendable(path, table, key="df_with_missing", names=None):
    """A table in the appendable layout, its columns in two blocks and their names pickled."""
    columns = list(table.columns) if names is None else names
    half = len(columns) // 2
    rows = np.zeros(
        len(table),
        dtype=[
            ("index", "<i8"),
            ("values_block_0", "<f8", (half,)),
            ("values_block_1", "<f8", (len(columns) - half,)),
        ],
    )
    rows["index"] = table.index
    rows["values_block_0"], rows["values_block_1"] = table.iloc[:, :half], table.iloc[:, half:]
    info = {1: {"names": list(table.columns.names), "type": "MultiIndex"}, "index": {}}
    with h5py.File(path, "w") as file:
        group = file.create_group(key)
        group.attrs["pandas_type"] = np.bytes_("frame_table")
        group.attrs["info"] = np.bytes_(pickle.dumps(info, 0))
        group.attrs["non_index_axes"] = np.bytes_(pickle.dumps([(1, columns)], 0))
        group["table"] = rows
        for i, block in enumerate((columns[:half], columns[half:])):
            group["table"].attrs[f"values_block_{i}_kind"] = np.bytes_(pickle.dumps(block, 0))
    return path


# Real files, against a plain h5py read with the names of their CSV twins or spelled out here.

M3V1 = {
    "dlcutils_m3v1mp4DeepCut_resnet50_openfieldOct30shuffle1_15001",
    "m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000",
    "m3v1mp4DLC_resnet50_openfieldOct30shuffle1_100000",
    "m3v1mp4DLC_resnet50_openfieldOct30shuffle2_100000",
}


def assert_columns(ds, values):
    """`values` has the columns x, y, likelihood of each point in turn."""
    want = values.reshape(len(values), -1, 3).astype(np.float32)
    np.testing.assert_array_equal(
        ds.position[0].transpose("time", "bodypart", "space"), want[..., :2]
    )
    np.testing.assert_array_equal(ds.confidence[0].T, want[..., 2])


def test_open_field_tracks(real_data):
    paths = sorted((real_data / "dlc-openfield-m3v1").glob("*.h5"))
    assert {path.stem for path in paths} == M3V1
    for path in paths:
        ds = read(path, fps=30)
        assert ds.recording.item() == path.stem
        assert ds.bodypart.values.tolist() == ["snout", "leftear", "rightear", "tailbase"]
        assert ds.role.values.tolist() == ["nose", "left_ear", "right_ear", "tail_base"]
        with h5py.File(path) as file:
            assert_columns(ds, file["df_with_missing/table"]["values_block_0"])


def test_csv_and_hdf5_of_one_recording_are_equal(real_data):
    folder = real_data / "dlc-openfield-bsoid"
    stem = "raw_clip1DLC_resnet50_OpenFieldHighResApr8shuffle1_1030000"
    table, text = read(folder / f"{stem}.h5", fps=60), read(folder / f"{stem}.csv", fps=60)
    np.testing.assert_array_equal(table.position, text.position)
    np.testing.assert_array_equal(table.confidence, text.confidence)
    assert table.bodypart.values.tolist() == text.bodypart.values.tolist()


def test_square_arena_has_the_rows_it_holds(real_data):
    """Its attribute NROWS still says 4512: the file was cut to 451 rows."""
    path = real_data / "deepof-examples/test_square_arena_topview/Tables/testDLC_square_arena.h5"
    ds = read(path, fps=25)
    with h5py.File(path) as file:
        assert file["df_with_missing/table"].attrs["NROWS"] == 4512
        assert_columns(ds, file["df_with_missing/table"]["values_block_0"])
    assert ds.sizes["time"] == 451
    assert ds.bodypart.values[:2].tolist() == ["Nose", "Left_ear"]


def test_single_animal_in_the_fixed_layout(real_data):
    path = real_data / "deepof-examples/test_single_topview/Tables/testDLC_h5_table.h5"
    ds = read(path, fps=25)
    with h5py.File(path) as file:
        assert_columns(ds, file["df/block0_values"][()])
    assert ds.bodypart.values[4] == "Center"


def test_multi_animal_in_the_fixed_layout(real_data):
    path = real_data / "deepof-examples/test_madlc_topview/Tables/testDLC_h5_table_madlc.h5"
    ds = read(path, fps=25)
    assert ds.animal.values.tolist() == ["mouse_black_tail", "mouse_white_tail"]
    with h5py.File(path) as file:
        want = file["tracks/block0_values"][()].reshape(100, 2, 14, 3).astype(np.float32)
    unseen = (want == 0).all(axis=-1)
    assert unseen.any()
    want[unseen, :2] = np.nan
    np.testing.assert_array_equal(
        ds.position.transpose("time", "individual", "bodypart", "space"), want[..., :2]
    )
    np.testing.assert_array_equal(ds.confidence.transpose("time", ...), want[..., 2])


def test_two_animals_by_prefix(real_data):
    path = real_data / "deepof-examples/test_multi_topview/Tables/testDLC_h5_table_multi.h5"
    ds = read(path, fps=25, individuals=["B", "W"])
    with h5py.File(path) as file:
        want = file["df/block0_values"][()].reshape(100, 2, 14, 3).astype(np.float32)
    np.testing.assert_array_equal(
        ds.position.transpose("time", "individual", "bodypart", "space"), want[..., :2]
    )
    assert "Nose" in ds.bodypart.values


# Crafted files.


@pytest.mark.parametrize("write", [write_fixed, write_appendable])
@pytest.mark.parametrize("individuals", [None, ["m1", "m2"]])
def test_layouts(tmp_path, make_table, write, individuals):
    table = make_table(individuals=individuals, bodyparts=["nose", "Öhr", "base of tail "])
    table = table.drop(index=[2])
    ds = read(write(tmp_path / "a.h5", table, key="some key"), fps=25)
    for individual in individuals or [None]:
        assert_table(ds, table.reindex(range(6)), individual)


@pytest.mark.parametrize("layout", ["fixed", "table"])
@pytest.mark.parametrize("individuals", [None, ["m1", "m2"]])
def test_files_written_by_pandas(tmp_path, make_table, layout, individuals):
    pytest.importorskip("tables")
    table = make_table(individuals=individuals)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table.to_hdf(tmp_path / "a.h5", key="df_with_missing", format=layout, mode="w")
    ds = read(tmp_path / "a.h5", fps=25)
    for individual in individuals or [None]:
        assert_table(ds, table, individual)


def test_wrong_extension(tmp_path, make_table):
    write_fixed(tmp_path / "a.csv", make_table())
    make_table().to_csv(tmp_path / "b.h5")
    for name in ("a.csv", "b.h5"):
        assert_table(read(tmp_path / name, fps=25), make_table())


def test_old_python_names(tmp_path, make_table):
    """Python 2 wrote names as bytes strings: S'nose'."""
    path = write_appendable(tmp_path / "a.h5", make_table())
    with h5py.File(path, "r+") as file:
        for attrs, name in [
            (file["df_with_missing"].attrs, "non_index_axes"),
            *[(file["df_with_missing/table"].attrs, f"values_block_{i}_kind") for i in (0, 1)],
        ]:
            lines = bytes(attrs[name]).split(b"\n")
            old = [b"S" + repr(x[1:].decode()).encode() if x[:1] == b"V" else x for x in lines]
            attrs[name] = np.bytes_(b"\n".join(old))
    assert_table(read(path, fps=25), make_table())


class _Harmful:
    def __reduce__(self):
        return (print, ("opened",))


@pytest.mark.parametrize("attribute", ["info", "non_index_axes", "values_block_0_kind"])
def test_pickled_objects_are_never_opened(tmp_path, make_table, capsys, attribute):
    path = write_appendable(tmp_path / "a.h5", make_table())
    with h5py.File(path, "r+") as file:
        group = file["df_with_missing"]
        item = group["table"] if attribute.startswith("values") else group
        item.attrs[attribute] = np.bytes_(pickle.dumps([_Harmful()], 0))
    with pytest.raises(DataError, match=f"a.h5: the attribute '{attribute}' .* not opened"):
        read(path, fps=25)
    assert "opened" not in capsys.readouterr().out


@pytest.mark.parametrize("names", [[("net", 1, "x")] * 9, ["a"] * 9, [1] * 9])
def test_names_that_are_no_header_cells(tmp_path, make_table, names):
    path = write_appendable(tmp_path / "a.h5", make_table(), names=names)
    with pytest.raises(DataError, match="column"):
        read(path, fps=25)


def test_rows_with_other_names(tmp_path, make_table):
    table = make_table()
    table.index = [f"row{i}".encode() for i in range(6)]
    with h5py.File(write_fixed(tmp_path / "a.h5", make_table()), "r+") as file:
        del file["df/axis1"]
        file["df/axis1"] = np.array(table.index, dtype="S")
    with pytest.raises(DataError, match="neither frame numbers nor the names of images"):
        read(tmp_path / "a.h5", fps=25)


def test_no_rows(tmp_path, make_table):
    for write in (write_fixed, write_appendable):
        with pytest.raises(DataError, match="no frames"):
            read(write(tmp_path / "a.h5", make_table(n_frames=0)), fps=25)


def test_repeated_frame_and_infinite_position(tmp_path, make_table):
    table = make_table()
    table.index = [0, 1, 2, 2, 3, 4]
    with pytest.raises(DataError, match="row 4: the frame number 2 occurs a second time"):
        read(write_appendable(tmp_path / "a.h5", table), fps=25)
    table = make_table()
    table.iloc[3, 0] = np.inf
    with pytest.raises(DataError, match="row 4: x of 'nose' is inf"):
        read(write_appendable(tmp_path / "a.h5", table), fps=25)


def test_two_tables_in_one_file(tmp_path, make_table):
    path = write_fixed(tmp_path / "a.h5", make_table())
    with h5py.File(path, "r+") as file:
        file.copy("df", "df2")
    with pytest.raises(DataError, match="2 tables \\(df, df2\\)"):
        read(path, fps=25)


def test_table_of_something_else(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("df")
        group.attrs["pandas_type"] = np.bytes_("frame")
        group.attrs["nblocks"] = 1
        group["block0_items"] = np.array([b"weight"])
        group["block0_values"] = np.zeros((4, 1))
        group["axis0"], group["axis1"] = np.array([b"weight"]), np.arange(4)
    with pytest.raises(DataError, match="no header rows"):
        read(tmp_path / "a.h5", fps=25)


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.99])
def test_truncated_file(tmp_path, real_data, keep):
    path = real_data / "dlc-openfield-m3v1/m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5"
    data = path.read_bytes()
    (tmp_path / "a.h5").write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(DataError, match="a.h5: .*damaged or incomplete HDF5"):
        read(tmp_path / "a.h5", fps=25)


def test_damaged_inside(tmp_path, make_table):
    path = write_fixed(tmp_path / "a.h5", make_table())
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for _ in range(60):
        spoiled = bytearray(data)
        for place in rng.integers(8, len(data), 40):
            spoiled[place] = rng.integers(256)
        path.write_bytes(spoiled)
        try:
            read(path, fps=25)
        except DataError as error:
            assert "a.h5" in str(error)


def test_labelled_images_in_hdf5_are_those_of_the_csv(real_data):
    folder = real_data.parent / "pose_openfield/labeled-data/m4s1"
    if not folder.exists():
        pytest.skip(f"needs {folder}")
    (ours,) = load(folder / "CollectedData_Pranav.h5")
    (csv,) = load(folder / "CollectedData_Pranav.csv")
    np.testing.assert_array_equal(ours.position, csv.position)
    assert ours.bodyparts == csv.bodyparts
    assert ours.notes == csv.notes


def test_labelled_images_whose_paths_lie_in_levels(tmp_path):
    pytest.importorskip("tables")
    rows = pd.MultiIndex.from_tuples(
        [("labeled-data", video, f"img{n:03d}.png") for video, n in (("a", 7), ("a", 4), ("b", 1))]
    )
    names = ["scorer", "individuals", "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product([["me"], ["m1", "m2"], ["nose"], ["x", "y"]], names=names)
    table = pd.DataFrame(np.arange(12.0).reshape(3, 4), rows, columns)
    table.to_hdf(tmp_path / "CollectedData_me.h5", key="df_with_missing", mode="w")
    first, second = load(tmp_path / "CollectedData_me.h5")
    assert (first.name, second.name) == ("CollectedData_me a", "CollectedData_me b")
    assert first.animals == ("m1", "m2")
    assert first.position[:, 0, 0].tolist()[0][::3] == [4, 0]
    assert np.isnan(first.position[:, :, :, 1:3]).all()
