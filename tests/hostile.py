"""Files that claim far more than they hold, and what reading one of them takes.

``python -m tests.hostile NAME...`` prints a line of JSON for each (for all without names): how it
ended, CPU seconds, memory above that of the imports, and what was said.
"""

from __future__ import annotations

import gzip
import importlib
import io
import json
import os
import resource
import sqlite3
import struct
import sys
import tempfile
import traceback
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

SECONDS = 10
"""CPU seconds that a file may take, imports left out."""
MEGABYTES = 500
"""Memory that it may take above that of the imports."""
BAD: dict[str, Callable[[Path], Path]] = {}
"""What makes each hostile file in a folder, by name."""


def bad(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """Declare a hostile file."""
    BAD[make.__name__] = make
    return make


def _write(path: Path, parts: Iterator[bytes] | list[bytes]) -> Path:
    with path.open("wb") as file:
        file.writelines(parts)
    return path


_HEAD = b"scorer,net,net,net\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n"


@bad
def gzip_of_rows(folder: Path) -> Path:
    """A gigabyte of one row of DeepLabCut."""
    rows = gzip.compress(b"0,1,1,1\n" * 2**22)
    return _write(folder / "mouse.csv.gz", [gzip.compress(_HEAD), *[rows] * 32])


@bad
def gzip_of_one_line(folder: Path) -> Path:
    """A gigabyte without a line end."""
    head = gzip.compress(b"frame,bodypart,x,y\n0,nose,1,")
    return _write(folder / "tidy.csv.gz", [head, *[gzip.compress(b"1" * 2**25)] * 32])


@bad
def gzip_of_a_project(folder: Path) -> Path:
    """A project of BORIS with a gigabyte of blanks."""
    head = gzip.compress(b'{"behaviors_conf": {},' + b" " * 2**16)
    return _write(folder / "scored.boris", [head, *[gzip.compress(b" " * 2**25)] * 32])


@bad
def line_without_end(folder: Path) -> Path:
    """A plain table whose second line has 200 MB (as many as a test can write)."""
    return _write(folder / "tidy.csv", [b"frame,bodypart,x,y\n", *[b"1" * 10**6] * 200])


@bad
def ten_million_columns(folder: Path) -> Path:
    return _write(folder / "wide.csv", [b"frame,bodypart,x,y,", b"c," * 10**7, b"z\n0,a,1,1\n"])


@bad
def many_short_columns(folder: Path) -> Path:
    names = b",".join(b"%x" % i for i in range(600_000))
    rows = [b"frame,bodypart,x,y,", names, b"\n", b"1," * 600_003, b"1\n"]
    return _write(folder / "wide.csv", rows)


@bad
def quotes_that_never_close(folder: Path) -> Path:
    rows = [b'frame,bodypart,x,y\n0,"nose,1,1\n', b"1,nose,1,1\n" * 10**6]
    return _write(folder / "tidy.csv", rows)


def _sheet(path: Path, rows: Iterator[bytes] | list[bytes], dimension: str = "A1:B2") -> Path:
    """A workbook of one sheet of these rows."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types">'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
            "</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            head = f'<worksheet xmlns="{main}"><dimension ref="{dimension}"/><sheetData>'
            sheet.write(head.encode())
            for row in rows:
                sheet.write(row)
            sheet.write(b"</sheetData></worksheet>")
    return path


@bad
def workbook_of_many_rows(folder: Path) -> Path:
    return _sheet(folder / "animals.xlsx", [b"<row><c><v>1</v></c></row>" * 2**20] * 12)


@bad
def workbook_with_a_far_cell(folder: Path) -> Path:
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    first = b'<row r="1"><c r="A1"><v>1</v></c></row>'
    return _sheet(folder / "animals.xlsx", [first, cell], "A1:XFD1048576")


@bad
def workbook_with_wide_rows(folder: Path) -> Path:
    rows = (b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (i, i) for i in range(1, 60_000))
    return _sheet(folder / "animals.xlsx", rows)


@bad
def workbook_with_a_row_number_of_any_size(folder: Path) -> Path:
    rows = [b'<row r="999999999999"><c r="A999999999999"><v>1</v></c></row>']
    return _sheet(folder / "animals.xlsx", rows)


@bad
def workbook_with_entities(folder: Path) -> Path:
    path = _sheet(folder / "plain.xlsx", [b"<row><c><v>1</v></c></row>"])
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    document = f'<!DOCTYPE s [<!ENTITY l0 "ha">{laughs}]><worksheet>&l11;</worksheet>'
    found = folder / "animals.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(found, "w") as new:
        for name in old.namelist():
            content = document if name.endswith("sheet1.xml") else old.read(name)
            new.writestr(name, content)
    return found


def _array(shape: str, dtype: str = "<f4") -> bytes:
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode()


@bad
def archive_of_zeros(folder: Path) -> Path:
    """A NumPy archive of TRex whose columns hold 640 MB of zeros."""
    path = folder / "mouse.npz"
    n = 2 * 10**7
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("frame", "X#wcentroid", "Y#wcentroid", "time"):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                file.write(_array(f"({n},)", "<f8"))
                for _ in range(20):
                    file.write(bytes(n * 8 // 20))
    return path


@bad
def archive_with_a_claim(folder: Path) -> Path:
    path = folder / "mouse.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("frame", "X#wcentroid", "Y#wcentroid"):
            archive.writestr(f"{name}.npy", _array("(10000000000000,)") + bytes(64))
    return path


@bad
def array_with_a_claim(folder: Path) -> Path:
    return _write(folder / "codes.npy", [_array("(100000000000,)", "<i4"), bytes(64)])


@bad
def json_nested_deeply(folder: Path) -> Path:
    deep = b"[" * 10**7
    return _write(folder / "calms.json", [b'{"task1": {"a": {"keypoints": ', deep])


@bad
def json_of_objects(folder: Path) -> Path:
    deep = b'{"keypoints":' * 2_000_000
    return _write(folder / "calms.json", [b'{"task1": {"a": {"keypoints": ', deep])


def _project(folder: Path, text: str) -> Path:
    path = folder / "project.yaml"
    path.write_text(text)
    return path


@bad
def yaml_of_aliases(folder: Path) -> Path:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    return _project(folder, "\n".join([*lines, "tracks: *a11", ""]))


@bad
def yaml_of_merges(folder: Path) -> Path:
    lines = ["a0: &a0 {k: 1}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 12)]
    return _project(folder, "\n".join([*lines, "columns: *a11", ""]))


@bad
def yaml_nested_deeply(folder: Path) -> Path:
    return _project(folder, f"tracks: {'[' * 10**6}")


@bad
def yaml_that_holds_itself(folder: Path) -> Path:
    return _project(folder, "tracks: &a [*a, *a]\n")


@bad
def yaml_of_many_values(folder: Path) -> Path:
    return _project(folder, "tracks:\n" + "- a\n" * 900_000)


@bad
def yaml_of_many_bytes(folder: Path) -> Path:
    return _project(folder, "tracks: " + "a" * 10**8)


def _hdf5(path: Path, arrays: dict[str, tuple[tuple[int, ...], str]], **stored: object) -> Path:
    import h5py

    with h5py.File(path, "w") as file:
        for name, (shape, dtype) in arrays.items():
            chunks = tuple(min(size, 50) for size in shape)
            file.create_dataset(name, shape, dtype, chunks=chunks)
        for name, values in stored.items():
            file[name] = values
    return path


@bad
def hdf5_with_a_claim(folder: Path) -> Path:
    return _hdf5(folder / "points3d.h5", {"tracks": ((10**9, 1, 15, 3), "f8")})


@bad
def hdf5_with_many_names(folder: Path) -> Path:
    names = {"node_names": ((10**9,), "S8"), "tracks": ((1, 2, 1, 50), "f4")}
    return _hdf5(folder / "mouse.h5", names)


@bad
def hdf5_packed_twice(folder: Path) -> Path:
    """Chunks of zeros, packed by two filters: 2 GB in a few kB."""
    import h5py

    path = folder / "points3d.h5"
    with h5py.File(path, "w") as file:
        space = h5py.h5s.create_simple((50_000, 1, 1666, 3))
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((10_000, 1, 1666, 3))
        made.set_deflate(9)
        made.set_deflate(9)
        kind = h5py.h5t.NATIVE_DOUBLE
        array = h5py.h5d.create(file.id, b"tracks", kind, space, made)
        packed = zlib.compress(zlib.compress(bytes(10_000 * 1666 * 3 * 8), 9), 9)
        for start in range(0, 50_000, 10_000):
            array.write_direct_chunk((start, 0, 0, 0), packed)
    return path


@bad
def netcdf_with_a_claim(folder: Path) -> Path:
    arrays = {
        "position": ((10**9, 2, 1, 1), "f8"), "time": ((10**9,), "f8"), "space": ((2,), "S1"),
        "keypoints": ((1,), "S1"), "individuals": ((1,), "S1"),
    }  # fmt: skip
    return _hdf5(folder / "mouse.nc", arrays)


@bad
def slp_with_a_claim(folder: Path) -> Path:
    arrays = {
        "frames": ((10**9,), "i8"), "instances": ((10**9,), "i8"), "videos_json": ((1,), "S8"),
        "pred_points": ((10**9,), "f8"), "points": ((1,), "f8"), "metadata": ((1,), "f8"),
    }  # fmt: skip
    return _hdf5(folder / "mouse.slp", arrays)


@bad
def matlab_of_zeros(folder: Path) -> Path:
    """Two variables of DANNCE; the positions unpack to 630 MB of zeros."""
    from scipy.io import savemat

    path, small = folder / "dannce.mat", io.BytesIO()
    savemat(small, {"pred": [[0.0]], "sampleID": [0.0]})
    frames = 1_200_000
    parts = _matrix("pred", (frames, 3, 22)), _matrix("sampleID", (1, 1))
    return _write(path, [small.getvalue()[:128], *parts])


def _matrix(name: str, shape: tuple[int, ...]) -> bytes:
    """A compressed variable of MATLAB 5 of zeros."""
    n_bytes = 8
    for size in shape:
        n_bytes *= size
    dims = struct.pack(f"<{len(shape)}i", *shape)
    dims += bytes(-len(dims) % 8)
    word = name.encode() + bytes(-len(name) % 8)
    head = struct.pack("<IIII", 6, 8, 6, 0)
    head += struct.pack("<II", 5, 4 * len(shape)) + dims + struct.pack("<II", 1, len(name)) + word
    head += struct.pack("<II", 9, n_bytes)
    packer = zlib.compressobj()
    packed = packer.compress(struct.pack("<II", 14, len(head) + n_bytes) + head)
    for start in range(0, n_bytes, 2**24):
        packed += packer.compress(bytes(min(2**24, n_bytes - start)))
    packed += packer.flush()
    return struct.pack("<II", 15, len(packed)) + packed


@bad
def parquet_of_one_number(folder: Path) -> Path:
    """100 million rows of the same numbers, in dictionaries."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path, n = folder / "tidy.parquet", 10**6
    zeros, words = pa.array([0.0]), pa.array(["nose"])
    codes = pa.repeat(pa.scalar(0, pa.int8()), n)
    columns = {
        "bodypart": pa.DictionaryArray.from_arrays(codes, words),
        "frame": pa.repeat(pa.scalar(0, pa.int64()), n),
        "x": pa.DictionaryArray.from_arrays(codes, zeros),
        "y": pa.repeat(pa.scalar(0.0), n),
    }
    table = pa.table(columns)
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for _ in range(100):
            writer.write_table(table)
    return path


@bad
def feather_of_zeros(folder: Path) -> Path:
    import pyarrow as pa

    path = folder / "scored.feather"
    table = pa.table({"('fight', 'pred')": pa.repeat(pa.scalar(0.0), 10**7)})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with (
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_file(file, table.schema, options=options) as writer,
    ):
        for _ in range(10):
            writer.write_table(table)
    return path


def _database(path: Path, script: str) -> Path:
    with sqlite3.connect(path) as database:
        database.executescript(script)
    database.close()
    return path


_FASTTRACK = "xHead, yHead, xTail, yTail, xBody, yBody, imageNumber"


@bad
def database_of_computed_values(folder: Path) -> Path:
    """20,000 rows whose numbers are each computed to half a megabyte of text."""
    fill = "with recursive c(i) as (select 1 union all select i + 1 from c where i < 20000)"
    return _database(
        folder / "tracking.db",
        f"create table tracking ({_FASTTRACK}, id as (hex(zeroblob(250000))));"
        f"insert into tracking {fill} select i, i, i, i, i, i, i from c;",
    )


@bad
def database_of_long_values(folder: Path) -> Path:
    return _database(
        folder / "tracking.db",
        f"create table tracking ({_FASTTRACK}, id);"
        "insert into tracking values (1, 1, 1, 1, 1, 1, 1, zeroblob(50000000));",
    )


@bad
def database_of_an_endless_view(folder: Path) -> Path:
    endless = "with recursive c(i) as (select 1 union all select i + 1 from c)"
    columns = ", ".join(f"i as {name.strip()}" for name in f"{_FASTTRACK}, id".split(","))
    return _database(
        folder / "tracking.db",
        f"create table other (a); create view tracking as {endless} select {columns} from c;",
    )


@dataclass(frozen=True)
class Taken:
    """What a command took and said; `code` is that of its end, negative where a signal ended it."""

    name: str
    stored: int
    code: int
    seconds: float
    megabytes: float
    said: str


_RESERVED = 2**31
"""Address space beyond memory: threads and allocators of libraries reserve some and use none."""


def command(path: Path, folder: Path) -> list[str]:
    """The command that meets a file where people give it to us."""
    if path.suffix == ".yaml":
        return ["run", str(path)]
    if path.suffix == ".xlsx":
        table = folder / "mouse.csv"
        table.write_bytes(_HEAD + b"".join(b"%d,1,1,1\n" % i for i in range(50)))
        out = str(folder / "cohort.zarr")
        return ["ingest", str(table), "--fps", "25", "--metadata", str(path), "--out", out]
    kinds = {".npy": "labels", ".feather": "labels", ".boris": "labels"}
    return [kinds.get(path.suffix, "info"), str(path)]


def import_all() -> None:
    """Import what reading any file imports, so that it does not count."""
    names = ["h5netcdf", "numba", "openpyxl", "pandas", "pyarrow.csv", "pyarrow.parquet"]
    ours = ["cli.cohort", "cli.exchange", "pipeline", "information", "project"]
    ours += ["last_run", "cli.stage_rows"]
    for name in [*names, "sleap_io", *(f"ethoflow.{name}" for name in ours)]:
        importlib.import_module(name)
    from ethoflow.io.reader import readers
    from ethoflow.io.scoring.declare import label_readers

    assert readers()
    assert label_readers()


def take(name: str, make: Callable[[Path], Path]) -> Taken:
    """Make a file and run the command that meets it, in a process of its own with limits."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        maker = os.fork()  # what makes the file may take memory and start threads
        if maker == 0:
            (folder / "path").write_text(str(make(folder)))
            os._exit(0)
        os.waitpid(maker, 0)
        path, said = Path((folder / "path").read_text()), folder / "said.txt"
        arguments = command(path, folder)
        child = os.fork()
        if child == 0:
            _run_limited(arguments, said)
        _, status, used = os.wait4(child, 0)
        text, _, last = said.read_text(errors="replace").rpartition("\n")
        try:
            megabytes = float(last)
        except ValueError:
            text, megabytes = f"{text}\n{last}", float("nan")
        return Taken(
            name, path.stat().st_size, os.waitstatus_to_exitcode(status),
            used.ru_utime + used.ru_stime, megabytes, text.replace(f"{folder}/", ""),
        )  # fmt: skip


def _run_limited(arguments: list[str], said: Path) -> None:
    """Run a command in this process and end it; its output and its memory (MB) go to a file."""
    from ethoflow.cli import app
    from ethoflow.io import apart

    file = os.open(said, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(file, stream)
    status = Path("/proc/self/status").read_text()
    in_use = int(status.partition("VmSize:")[2].split()[0]) * 1024
    most = in_use + MEGABYTES * 2**20 + _RESERVED
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    begun, code = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 2
    try:
        app(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    apart._end()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begun
    beside = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    os.write(2, f"\n{max(own, beside) / 1024:.0f}".encode())
    os._exit(code)


def main() -> None:
    """Entry point."""
    import_all()
    for name in sys.argv[1:] or list(BAD):
        print(json.dumps(asdict(take(name, BAD[name]))), flush=True)


if __name__ == "__main__":
    main()
