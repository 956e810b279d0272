"""Evaluated sources and tests to the types of `builder.model.recipe`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from builder.model.interpreter import LANGUAGES, Language
from builder.model.recipe import (
    Attestation,
    DownstreamTest,
    GitSource,
    ImportTest,
    PackageContentsTest,
    PathSource,
    PythonTest,
    ScriptTest,
    Source,
    Test,
    UrlSource,
)
from builder.recipe.kind import Plain
from builder.recipe.typed import Data, globs, script_of, section, text, texts, typed


def typed_sources(value: Plain) -> tuple[Source, ...]:
    """Return the list of sources."""
    items = value if isinstance(value, tuple) else ()
    return tuple(_source(item) for item in items if isinstance(item, dict))


def typed_tests(value: Plain) -> tuple[Test, ...]:
    """Return the list of tests."""
    items = value if isinstance(value, tuple) else ()
    return tuple(_test(item) for item in items if isinstance(item, dict))


def _source(data: Data) -> Source:
    if "url" in data:
        return UrlSource(
            urls=texts(data, "url"),
            sha256=text(data, "sha256"),
            md5=text(data, "md5"),
            file_name=text(data, "file_name"),
            patches=texts(data, "patches"),
            target_directory=text(data, "target_directory"),
            filter=globs(data.get("filter")),
            attestation=_attestation(section(data, "attestation")),
        )
    if "path" in data:
        return PathSource(
            path=str(data["path"]),
            sha256=text(data, "sha256"),
            md5=text(data, "md5"),
            use_gitignore=typed(data, "use_gitignore", default=True),
            file_name=text(data, "file_name"),
            patches=texts(data, "patches"),
            target_directory=text(data, "target_directory"),
            filter=globs(data.get("filter")),
        )
    return GitSource(
        git=str(data.get("git")),
        branch=text(data, "branch"),
        tag=text(data, "tag"),
        rev=text(data, "rev"),
        depth=typed(data, "depth", 0) or None,
        lfs=typed(data, "lfs", default=False),
        submodules=typed(data, "submodules", default=True),
        expected_commit=text(data, "expected_commit"),
        patches=texts(data, "patches"),
        target_directory=text(data, "target_directory"),
        filter=globs(data.get("filter")),
    )


def _attestation(data: Data) -> Attestation | None:
    if not data:
        return None
    named = data.get("publishers")
    publishers = [one for one in named if isinstance(one, dict)] if isinstance(named, tuple) else []
    return Attestation(publishers=tuple(map(_publisher, publishers)), bundle_url=text(data, "bundle_url"))


def _publisher(data: Data) -> str:
    reference = f"@{data['ref_constraint']}" if data.get("ref_constraint") else ""
    return f"{data['provider']}:{data['owner']}/{data['repo']}{reference}"


def _test(data: Data) -> Test:
    for name, make in _TESTS.items():
        if name in data:
            return make(data)
    raise AssertionError("the schema asks for one kind of test")


def _script_test(data: Data) -> Test:
    needs, files = section(data, "requirements"), section(data, "files")
    return ScriptTest(
        script=script_of(data.get("script")),
        build=texts(needs, "build"),
        run=texts(needs, "run"),
        source_files=globs(files.get("source")),
        recipe_files=globs(files.get("recipe")),
    )


def _python_test(data: Data) -> Test:
    inner = section(data, "python")
    return PythonTest(
        imports=texts(inner, "imports"),
        pip_check=typed(inner, "pip_check", default=True),
        python_version=texts(inner, "python_version"),
    )


def _contents_test(data: Data) -> Test:
    inner = section(data, "package_contents")
    wanted = {key: _existing(inner.get(key)) for key in ("files", "bin", "lib", "include", "site_packages")}
    return PackageContentsTest(
        files=wanted["files"][0],
        not_files=wanted["files"][1],
        bin=wanted["bin"][0],
        not_bin=wanted["bin"][1],
        lib=wanted["lib"][0],
        not_lib=wanted["lib"][1],
        include=wanted["include"][0],
        not_include=wanted["include"][1],
        site_packages=wanted["site_packages"][0],
        not_site_packages=wanted["site_packages"][1],
        strict=typed(inner, "strict", default=False),
    )


def _existing(value: Plain) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(value, dict):
        return texts(value, "exists"), texts(value, "not_exists")
    return texts({"exists": value}, "exists"), ()


def _import_test(language: Language) -> Callable[[Data], Test]:
    def make(data: Data) -> Test:
        return ImportTest(language=language, names=texts(section(data, language.kind), language.listed))

    return make


_TESTS: Mapping[str, Callable[[Data], Test]] = {
    "script": _script_test,
    "python": _python_test,
    "package_contents": _contents_test,
    "downstream": lambda data: DownstreamTest(downstream=str(data["downstream"])),
    **{language.kind: _import_test(language) for language in LANGUAGES},
}
