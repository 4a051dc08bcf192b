"""Code is identified by value: what counts, what does not, and what is refused."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
import importlib
import io
import os
import random
import re
import subprocess
import sys
import threading
import weakref
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import cloudpickle
import dask.array as da
import hypothesis
import numba
import numpy as np
import pandas as pd
import pydantic
import pytest
import scipy.special
import scipy.stats
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.engine import find
from ethoflow.engine.declare import Declaration
from ethoflow.engine.identity import identify
from ethoflow.schema import DataError


def declare(function: Callable[..., Any], **settings: Any) -> Declaration:
    settings = {"kind": "behaviour", "dims": ("time",), "units": "1", **settings}
    return Declaration(function, **settings)


def digest(function: Callable[..., Any], **settings: Any) -> str:
    return identify(declare(function, **settings))


def holding(value: Any) -> str:
    """Digest of a function that holds `value` in a closure."""

    def rule(speed: Any) -> Any:
        return speed > value

    return digest(rule)


def run(source: str, name: str = "rule", **scope: Any) -> Any:
    """`name` as a piece of source defines it, in a scope of its own, as a notebook does."""
    scope["__name__"] = "__main__"
    exec(compile(source, "<cell>", "exec"), scope)
    return scope[name]


def same(one: str, two: str, **scope: Any) -> bool:
    return digest(run(one, **scope)) == digest(run(two, **scope))


RULE = "def rule(speed):\n    return speed > 3\n"


def test_what_is_given_of_the_members_counts() -> None:
    def rule(position: Any) -> Any:
        return position[:, 0]

    dims = ("bodypart", "time")
    one, other = (declare(rule, dims=dims, pointwise=parts) for parts in ((), ("bodypart",)))
    assert identify(one) != identify(other)


def test_ethoflow_has_versions_instead() -> None:
    assert identify(find("speed")) == ""
    assert len(digest(run(RULE))) == 32


@pytest.mark.parametrize(
    "other",
    [
        "def rule(speed):\n\n    # faster\n    return speed > 3  # mm/s\n",
        "def rule(speed):\n    '''Faster than 3.'''\n    return speed > 3\n",
        "\n\n\nx = 1\ndef rule(speed):\n    return speed > 3\n",
        "def other(speed: int) -> float:\n    return speed > 3\nrule = other",
    ],
)
def test_what_does_nothing_does_not_count(other: str) -> None:
    assert same(RULE, other)


@pytest.mark.parametrize(
    "other",
    [
        RULE.replace("3", "4"),
        RULE.replace("3", "3.0"),
        RULE.replace(">", ">="),
        RULE.replace("speed", "position"),
        RULE.replace("speed):", "speed, *, unused=1):"),
        RULE.replace("speed > 3", "speed.mean > 3"),
        "def rule(speed):\n    yield speed > 3\n",
    ],
)
def test_what_does_something_counts(other: str) -> None:
    assert not same(RULE, other)


def test_docstrings_inside_do_not_count_but_texts_do() -> None:
    source = (
        "def rule(x):\n    def f(y):\n        'one'\n        return y, 'two'\n    return f(x)\n"
    )
    assert same(source, source.replace("one", "three"))
    assert not same(source, source.replace("two", "three"))
    source = "def rule(x):\n    class C:\n        'one'\n        limit = 2\n    return C.limit\n"
    assert same(source, "\n\n" + source.replace("one", "three"))
    assert not same(source, source.replace("2", "3"))


def test_docstrings_may_come_and_go() -> None:
    source = "def rule(x):\n    if x is None:\n        return None\n    return x > 3\n"
    assert same(source, source.replace("(x):\n", "(x):\n    'What it is.'\n"))


def test_a_factory_makes_different_rules() -> None:
    def make(limit: Any) -> Callable[..., Any]:
        def rule(speed: Any) -> Any:
            return speed > limit

        return rule

    assert digest(make(1)) == digest(make(1))
    assert len({digest(make(limit)) for limit in (1, 2, 1.0, True, None, "1", b"1")}) == 7


def test_arrays_in_a_closure_count_by_value() -> None:
    one = np.arange(6.0).reshape(2, 3)
    assert holding(one) == holding(one.copy()) == holding(np.asfortranarray(one))
    different = [one, one + 1, one.T, one.astype("f4"), one.ravel(), one.astype(object), one[0, 0]]
    assert len(set(map(holding, different))) == len(different)
    assert holding(np.array(["a", None], object)) == holding(np.array(["a", None], object))


def test_an_edited_global_counts_and_an_unused_one_does_not() -> None:
    scope = {"LIMIT": 3, "unused": 1, "log": io.StringIO()}
    rule = run("def rule(speed):\n    return speed > LIMIT\n", **scope)
    before = digest(rule)
    rule.__globals__["unused"] = 2
    assert digest(rule) == before
    rule.__globals__["LIMIT"] = 4
    assert digest(rule) != before
    del rule.__globals__["LIMIT"]
    absent = digest(rule)
    rule.__globals__["LIMIT"] = 3
    assert digest(rule) == before != absent


def test_a_global_with_the_name_of_an_attribute_does_not_count() -> None:
    source = "def rule(speed):\n    return speed.mean()\n"
    assert digest(run(source, mean=1)) == digest(run(source))


def test_helpers_count_however_far_down() -> None:
    source = (
        "def third(x):\n    return lambda: x * SCALE\n"
        "def second(x):\n    return third(x)()\n"
        "def rule(x):\n    return [second(y) for y in x]\n"
    )
    assert digest(run(source, SCALE=1)) != digest(run(source, SCALE=2))
    assert not same(source, source.replace("x * SCALE", "x + SCALE"), SCALE=1)


def test_builtins_count_by_name() -> None:
    source = "def rule(x):\n    return min(x)\n"
    assert not same(source, source.replace("min", "max"))
    assert digest(run(source)) != digest(run("def min(x):\n    return x\n" + source))


def test_defaults_count() -> None:
    assert not same("def rule(x, y=1):\n    return x", "def rule(x, y=2):\n    return x")
    assert not same("def rule(x, *, y=1):\n    return x", "def rule(x, *, y=2):\n    return x")
    assert not same("def rule(x, y, z=1):\n    return x", "def rule(x, y=1, z=1):\n    return x")


def test_attributes_of_a_function_count() -> None:
    source = "def helper(x):\n    return x\nhelper.limit = 1\ndef rule(x):\n    return helper.limit"
    assert not same(source, source.replace("= 1", "= 2"))


def test_an_empty_cell_is_none_of_its_own() -> None:
    def make(fill: bool) -> Callable[..., Any]:
        def rule(speed: Any) -> Any:
            return limit

        if fill:
            limit = None
        return rule

    assert digest(make(False)) == digest(make(False)) != digest(make(True))


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the user's own modules, beside the notebook."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def load(folder: Path, name: str, source: str) -> ModuleType:
    (folder / f"{name}.py").write_text(source)
    importlib.invalidate_caches()
    return importlib.import_module(name)


def test_of_a_module_beside_what_the_code_names_counts(beside: Path) -> None:
    module = load(beside, "own_limits", "FAST = 3\nOTHER = 1\ndef half(x):\n    return x / FAST\n")
    rule = run("def rule(x):\n    return own.half(x)\n", own=module)
    before = digest(rule)
    module.OTHER = 2
    assert digest(rule) == before
    module.FAST = 4
    assert digest(rule) != before
    rule.__globals__["own"] = np
    assert digest(rule) != before


def test_a_module_imported_inside_the_function_counts(beside: Path) -> None:
    (beside / "own_late.py").write_text("FAST = 3\n")
    importlib.invalidate_caches()
    rule = run("def rule(x):\n    import own_late\n    return x > own_late.FAST\n")
    before = digest(rule)
    sys.modules["own_late"].FAST = 4
    assert digest(rule) != before
    library = "def rule(x):\n    import json\n    return json\n"
    assert same(library, library)
    absent = "def rule(x):\n    import own_absent\n    return own_absent\n"
    assert same(absent, absent)


def test_packages_that_import_one_another_are_read_to_an_end(beside: Path) -> None:
    (beside / "own_pack").mkdir()
    (beside / "own_pack" / "__init__.py").write_text("from own_pack import a, b\n")
    (beside / "own_pack" / "a.py").write_text("import own_pack\nLIMIT = 1\n")
    (beside / "own_pack" / "b.py").write_text("from own_pack import a\nimport own_pack\n")
    importlib.invalidate_caches()
    module = importlib.import_module("own_pack")
    rule = run("def rule(x):\n    return own_pack.b.a.LIMIT\n", own_pack=module)
    before = digest(rule)
    module.a.LIMIT = 2
    assert digest(rule) != before


def test_wrapped_functions_count_by_what_is_inside() -> None:
    def make(limit: int) -> list[Any]:
        def helper(x: int) -> int:
            return x + limit

        @functools.wraps(helper)
        def decorated(*args: int) -> int:
            return helper(*args)

        class Tool:
            @staticmethod
            def fixed(x: int) -> int:
                return helper(x)

            @classmethod
            def shared(cls, x: int) -> int:
                return helper(x)

            def bound(self, x: int) -> int:
                return helper(x)

            @property
            def asked(self) -> int:
                return helper(1)

            @functools.cached_property
            def kept(self) -> int:
                return helper(1)

        return [
            *(helper, decorated, functools.lru_cache(helper), functools.partial(helper, 1)),
            *(numba.njit(helper), numba.vectorize(helper), np.vectorize(helper), Tool),
            *(Tool(), Tool.fixed, Tool.shared, Tool().bound, [1].append),
        ]

    one, again, two = ([holding(value) for value in make(limit)] for limit in (1, 1, 2))
    assert one == again
    assert [a == b for a, b in zip(one, two, strict=True)] == [False] * 12 + [True]


def test_a_compiled_kernel_and_its_options_count() -> None:
    source = "def rule(x):\n    return x + 1\n"
    plain, fast = numba.njit(run(source)), numba.njit(fastmath=True)(run(source))
    assert digest(plain) == digest(numba.njit(run(source)))
    assert len({digest(plain), digest(fast), digest(run(source))}) == 3
    before = digest(plain)
    plain(1)
    assert digest(plain) == before


def test_types_that_a_compiled_function_is_bound_to_count() -> None:
    helper = run(RULE)
    made = [
        *(numba.njit(helper), numba.njit("b1(f4)")(helper), numba.njit("b1(f8)")(helper)),
        *(numba.vectorize(helper), numba.vectorize(["b1(f4)"])(helper)),
        *(numba.vectorize(["b1(f8)"])(helper), scipy.special.erf, scipy.special.erfc),
    ]
    assert len(set(map(holding, made))) == len(made)


def test_dispatch_on_a_type_counts_by_its_functions() -> None:
    source = (
        "import functools\n@functools.singledispatch\ndef helper(x):\n    return 1\n"
        "@helper.register\ndef _(x: int):\n    return 2\n"
        "def rule(x):\n    return helper(x)\n"
    )
    assert same(source, source)
    assert not same(source, source.replace("2", "3"))


def test_what_a_library_keeps_counts_by_its_name() -> None:
    assert holding(scipy.stats.norm) == holding(scipy.stats.norm) != holding(scipy.stats.cauchy)


def test_functions_of_libraries_count_by_name() -> None:
    found = [np.mean, np.add, np.linalg.norm, len, os.path.join, np.float32, dict, str.upper, re]
    assert len(set(map(holding, found))) == len(found)
    assert list(map(holding, found)) == list(map(holding, found))


class Point(NamedTuple):
    x: float
    y: float = 0.0


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def settings(limit: float) -> list[Any]:
    @dataclasses.dataclass(frozen=True)
    class Frozen:
        limit: float
        names: list[str] = dataclasses.field(default_factory=list)

    class Slots:
        __slots__ = ("limit",)

        def __init__(self) -> None:
            self.limit = limit

    class Plain:
        def __init__(self) -> None:
            self.limit = limit

    class Class:
        LIMIT = limit

    class Child(Class):
        pass

    class Numbers(dict[str, float]):
        pass

    class Kinds(enum.Enum):
        A = limit

    class Checked(pydantic.BaseModel):
        limit_: float = limit

    return [
        *(Frozen(limit), Slots(), Plain(), Class, Class(), Child, Numbers(a=limit), Kinds),
        *(Kinds.A, namedtuple("Pair", "a b")(limit, 1), Point(limit), {"a": [limit]}),
        *(pd.Series([limit]), pd.DataFrame({"a": [limit]}), pd.Index([limit]), Counter([limit])),
        *(xr.DataArray([limit], dims="x"), xr.Dataset({"a": ("x", [limit])}), deque([limit])),
        *(xr.DataArray(0, attrs={"a": limit}), da.full(3, limit, chunks=2), np.float64(limit)),
        *(
            xr.DataTree(xr.Dataset({"a": limit})),
            xr.DataArray([1], coords={"x": [limit]}, dims="x"),
        ),
        *(Decimal(limit), slice(limit), range(int(limit)), Path(str(limit)), OrderedDict(a=limit)),
        *(datetime.timedelta(limit), re.compile(str(limit)), defaultdict(list, a=limit)),
        *(pd.Series(["a", "b"][: int(limit)], dtype="category"), pd.Timestamp(int(limit))),
        *(pd.MultiIndex.from_product([[1], [limit]]), np.ma.masked_array([limit, 1], [0, 1])),
        *(
            np.array([(limit, 1)], dtype="f8,i4"),
            frozenset([limit]),
            datetime.date(2020, 1, int(limit)),
        ),
        *(np.datetime64(int(limit), "s"), bytearray([int(limit)]), np.dtype(f"S{int(limit)}")),
        *(pd.Series([f"{limit}"], dtype="string"), Checked, Checked()),
    ]


def test_objects_count_by_what_they_hold() -> None:
    one, again, two = ([holding(v) for v in settings(limit)] for limit in (1.0, 1.0, 2.0))
    assert one == again
    assert len({*one, *two}) == len(one) + len(two)


def test_what_an_object_worked_out_and_kept_does_not_count() -> None:
    class Box:
        @functools.cached_property
        def kept(self) -> int:
            return 3

    box = Box()
    before = holding(box)
    assert box.kept == 3
    assert holding(box) == before


def test_members_of_an_enum_are_told_apart() -> None:
    assert holding(Colour.RED) != holding(Colour.BLUE)


def test_recursion_ends_and_counts() -> None:
    source = (
        "def even(n):\n    return n == 0 or odd(n - 1)\n"
        "def odd(n):\n    return n != 0 and even(n - 1)\n"
        "def rule(n):\n    return even(n)\n"
    )
    assert same(source, source)
    assert not same(source, source.replace("n != 0", "n > 0"))


def test_a_circle_is_one_wherever_it_is_entered() -> None:
    def circle(*values: int) -> list[Any]:
        nodes: list[Any] = [[value] for value in values]
        for node, after in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
            node.append(after)
        return nodes

    assert holding(circle(1, 2)[0]) == holding(circle(1, 2)[0])
    assert holding(circle(1, 2)[0]) == holding(circle(2, 1)[1])  # sorted as entered
    assert holding(circle(1, 2)[0]) == holding(circle(1, 2, 1, 2)[0])  # a walk sees no difference
    assert holding(circle(1, 2)[0]) != holding(circle(1, 2)[1])
    assert holding(circle(1, 2, 3)[0]) != holding(circle(1, 3, 2)[0])


def test_many_classes_that_name_each_other_are_read_in_reasonable_time() -> None:
    names = [f"C{i}" for i in range(25)]
    methods = "".join(f"    def m{n}(self):\n        return {n}\n" for n in names)
    source = "".join(f"class {n}:\n{methods}" for n in names) + "def rule(x):\n    return C0\n"
    assert same(source, source)
    assert not same(source, source.replace("return C24", "return C23", 1))


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers() | st.text(), max_size=4)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


def write(value: Any) -> str:
    """`value` as its type and content, sets in one order."""
    if isinstance(value, frozenset):
        return f"frozenset({sorted(map(write, value))})"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({[write(v) for v in value]})"
    if isinstance(value, dict):
        return f"dict({[(write(k), write(v)) for k, v in value.items()]})"
    return repr(value)


@hypothesis.settings(max_examples=50)
@given(PLAIN, PLAIN)
def test_plain_data_are_told_apart_by_value(one: Any, two: Any) -> None:
    assert (holding(one) == holding(two)) == (write(one) == write(two))
    assert holding(one) == holding(cloudpickle.loads(cloudpickle.dumps(one)))


@given(st.lists(st.integers() | st.text(), unique=True))
def test_sets_have_no_order(values: list[Any]) -> None:
    backwards = values[::-1]
    assert holding(set(values)) == holding(set(backwards))
    assert holding(set(values)) != holding(frozenset(values))


def test_sharing_does_not_show() -> None:
    shared = [1, 2]
    assert holding([shared, shared]) == holding([[1, 2], [1, 2]])


SCRIPT = """
import sys
from ethoflow.engine.declare import Declaration
from ethoflow.engine.identity import identify
scope = {"__name__": "elsewhere"}
exec(compile(sys.stdin.read(), "elsewhere.py", "exec"), scope)
print(identify(Declaration(scope["rule"], "behaviour", ("time",), "1")))
"""

BUSY = '''
import numpy as np
NAMES = {"a", "b", "c", frozenset({"d", "e"})}
class Box:
    """What is held."""
    limit = {1.5, "x"}
    def __init__(self):
        self.names = NAMES
box = Box()
def helper(x):
    return x in {"p", "q", "r", "s"} or x in box.names
def rule(speed, *, limit=np.float32(3)):
    """A rule."""
    return [helper(x) for x in speed if x not in ("t", "u")] > limit
'''


def test_another_process_gives_the_same_digest() -> None:
    found = set()
    for seed in ("1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", SCRIPT]
        done = subprocess.run(
            command, input=BUSY, env=environment, capture_output=True, text=True, check=True
        )
        found.add(done.stdout.strip())
    assert found == {digest(run(BUSY))}


def test_another_thread_gives_the_same_digest() -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(digest(run(BUSY)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {digest(run(BUSY))}


def test_a_round_trip_by_value_gives_the_same_digest() -> None:
    rule = declare(run(BUSY))
    assert identify(rule) == identify(cloudpickle.loads(cloudpickle.dumps(rule)))
    for value in settings(2.0):
        assert holding(value) == holding(cloudpickle.loads(cloudpickle.dumps(value))), value


def test_where_a_module_lies_does_not_count(beside: Path) -> None:
    here = load(beside, "own_here", BUSY)
    there = load(beside, "own_there", "\n# moved\n" + BUSY)
    assert digest(here.rule) == digest(there.rule)


RULES = '''
import ethoflow as ef

FAST = 30.0

@ef.behaviour(units={"min_speed": "mm/s"})
def quick(speed, *, min_speed=FAST):
    """Fast."""
    return speed[0] > min_speed

@ef.behaviour(units={"min_speed": "mm/s"})
def slow(speed, *, min_speed=10.0):
    """Slow."""
    return speed[0] < min_speed
'''


def test_editing_one_rule_of_a_file_leaves_the_other(tmp_path: Path) -> None:
    def read(name: str, text: str) -> dict[str, str]:
        (tmp_path / name).write_text(text)
        return {rule.name: identify(rule) for rule in ef.load_rules(tmp_path / name)}

    before = read("rules.py", RULES)
    assert read("rules.py", "# a note\n" + RULES) == before
    after = read("rules.py", RULES.replace("speed[0] > min_speed", "speed[0] >= min_speed"))
    assert after["slow"] == before["slow"]
    assert after["quick"] != before["quick"]
    after = read("rules.py", RULES.replace("30.0", "40.0"))
    assert after["slow"] == before["slow"]
    assert after["quick"] != before["quick"]


def test_settings_count_but_a_reference_does_not() -> None:
    rule = run(RULE)
    different = [
        *({}, {"units": "mm"}, {"version": 2}, {"halo": 1}, {"halo": lambda w: w}),
        *({"halo": lambda w: w + 1}, {"scope": "pair"}, {"symmetric": True}, {"gives": "label"}),
        *({"roles": {"speed": ("nose",)}}, {"defaults": {"a": 1}}, {"defaults": {"a": 1.0}}),
        *({"optional": ("speed",)}, {"replaces": "position"}, {"kind": "step"}, {"dims": ()}),
        {"parameter_units": {"a": "s"}},
    ]
    assert len({digest(rule, **settings) for settings in different}) == len(different)
    assert digest(rule, reference="Somebody 2020") == digest(rule)


def test_declared_functions_that_are_reached_count() -> None:
    source = "def rule(x):\n    return inner.function(x)\n"
    inner = [declare(run(RULE)), declare(run(RULE), units="mm"), declare(run(RULE + "\nRULE = 1"))]
    one, two, three = (digest(run(source, inner=item)) for item in inner)
    assert one == three != two
    assert digest(run(source, inner=find("speed"))) != digest(run(source, inner=find("moving")))


def refused(**scope: Any) -> str:
    rule = run("def rule(x):\n    return thing\n", **scope)
    rule.__name__ = "head_scanning"
    with pytest.raises(DataError) as found:
        digest(rule)
    assert found.value.__cause__ is None
    return str(found.value)


def test_what_cannot_be_told_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with (tmp_path / "log.txt").open("w") as log:
        assert refused(thing=log) == (
            "the rule head_scanning uses `thing` (an open file), so its stored results could not "
            "be recognised: read what the file holds into a constant above the function."
        )
    assert refused(thing=np.random.default_rng(0)) == (
        "the rule head_scanning uses `thing` (a random generator, whose numbers change with every "
        "call), so its stored results could not be recognised: draw the numbers into an array "
        "above the function, or make a generator inside it from a seed that is a parameter."
    )
    assert "`thing` (a list_iterator, which is used up" in refused(thing=iter([1]))
    assert "`thing` (an object of the type memoryview, whose" in refused(thing=memoryview(b"1"))
    assert "something nested too deeply" in refused(
        thing=functools.reduce(lambda a, _: [a], range(900), [])
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (threading.Lock, "a lock"),
        (threading.Event, "a lock or a thread"),
        (threading.Thread, "a lock or a thread"),
        (lambda: (x for x in [1]), "a generator"),
        (lambda: map(abs, [1]), "a map"),
        (lambda: random.Random(1), "a random generator"),
        (lambda: np.random.RandomState(1), "a random generator"),
        (lambda: random.random, "a random generator"),
        (lambda: weakref.ref(Point), "a weak reference"),
        (weakref.WeakValueDictionary, "a weak reference"),
        (lambda: np.frompyfunc(lambda x: x, 1, 1), "a ufunc"),
        (sys._getframe, "an object of the type frame"),
    ],
)
def test_what_is_refused(make: Callable[[], Any], words: str) -> None:
    assert f"`thing` ({words}" in refused(thing=make())


def test_a_refusal_names_the_way_to_the_thing() -> None:
    class Box:
        def __init__(self) -> None:
            self.log = [{"a": threading.Lock()}]

    assert "uses `thing.log[0]['a']` (a lock)" in refused(thing=Box())
    helper = run("def helper(x):\n    return log\n", "helper", log=threading.Lock())
    assert "uses `log` in `thing` (a lock)" in refused(thing=helper)
    module = ModuleType("own_thing")
    module.thing = threading.Lock()
    assert "uses `thing.thing` (a lock)" in refused(thing=module)
