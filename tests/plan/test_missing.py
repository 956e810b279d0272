"""What a plan needs and does not make."""

from __future__ import annotations

from pathlib import Path

from builder.plan.missing import missing_from, providers
from tests.plan.fakes import Package


def test_names_that_nobody_provides(tmp_path: Path) -> None:
    packages = (
        Package(name="app", on_build=("cc =13",), on_host=("lib", "zlib"), run=("__unix", "data >=1")),
        Package(name="lib", on_host=("zlib",)),
        Package(name="skipped", on_host=("nothing",), skip=True),
    )
    renderings = [one.rendering(tmp_path) for one in packages]
    assert missing_from(renderings, {"data"}) == {
        "cc": ("linux-64/app-1-h0_0",), "zlib": ("linux-64/app-1-h0_0", "linux-64/lib-1-h0_0"),
    }  # fmt: skip
    assert missing_from(renderings, {"data", "zlib", "cc"}) == {}


def test_a_skipped_output_provides_nothing(tmp_path: Path) -> None:
    renderings = [
        Package(name="a", skip=True).rendering(tmp_path),
        Package(name="b", on_host=("a",)).rendering(tmp_path),
    ]
    assert set(missing_from(renderings, ())) == {"a"}


def test_which_recipes_provide_them() -> None:
    collection = {"recipes/gcc": ["gcc", "gxx"], "recipes/other": ["gxx", "zlib"]}
    assert providers(["gxx", "zlib", "nobody"], collection) == {"gxx": "recipes/gcc", "zlib": "recipes/other"}
