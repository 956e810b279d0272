"""The tests that a package carries, read from the package itself, so that it can be tested years later.

The form of ``info/tests/tests.yaml`` is rattler-build's; its tests are numbered from 0, and the files of test ``n`` lie
in ``info/tests/n/``. What this version cannot run is still read, so that nobody takes it for passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from builder.archive import OpenPackage, read_package
from builder.errors import BakehouseError, SourceError
from builder.model.frozen import frozen
from builder.model.interpreter import LANGUAGES
from builder.model.recipe import (
    DownstreamTest,
    GlobList,
    ImportTest,
    PackageContentsTest,
    PythonTest,
    Script,
    ScriptTest,
    Test,
)
from builder.syntax import read_yaml
from builder.syntax.node import Mapping, Node, Scalar, Sequence, is_null

FILE = "tests/tests.yaml"


@frozen
class ForeignTest:
    """A test of a kind that this version does not know: one of the future."""

    kind: str


CarriedTest = Test | ForeignTest


def read_tests(package: OpenPackage) -> tuple[CarriedTest, ...]:
    """Return the tests of ``package`` in their order; none when it carries none.

    Raises `SourceError` when the file is no list of mappings, or a part that is known has another form.
    """
    if FILE not in package.info_files():
        return ()
    name = f"{package.path.name}: info/{FILE}"
    try:
        node = read_yaml(package.read_info(FILE), name)
    except SourceError:
        raise
    except BakehouseError as error:
        raise SourceError(str(error), code="testing.form") from error
    if not isinstance(node, Sequence):
        raise _wrong(node, "the file is not a list of tests")
    return tuple(_test(item) for item in node.items)


def secret_names(path: Path) -> tuple[str, ...]:
    """Return the variables that the tests of the package at ``path`` name as secrets; see `read_tests`."""
    tests = read_tests(read_package(path))
    return tuple(dict.fromkeys(name for test in tests if isinstance(test, ScriptTest) for name in test.script.secrets))


def _test(node: Node) -> CarriedTest:
    if not isinstance(node, Mapping):
        raise _wrong(node, "a test is not a mapping")
    if "script" in node:
        return _script_test(node)
    if "python" in node:
        return _python(_section(node, "python"))
    if "package_contents" in node:
        return _contents(_section(node, "package_contents"))
    if "downstream" in node:
        return DownstreamTest(downstream=_text(node.get("downstream")) or "")
    for language in LANGUAGES:
        if language.kind in node:
            names = _texts(_section(node, language.kind).get(language.listed))
            return ImportTest(language=language, names=names)
    return ForeignTest(kind=next(iter(node), "empty"))


def _script_test(node: Mapping) -> ScriptTest:
    requirements, files = _section(node, "requirements"), _section(node, "files")
    return ScriptTest(
        script=_script(node.get("script")),
        build=_texts(requirements.get("build")),
        run=_texts(requirements.get("run")),
        source_files=_globs(files.get("source")),
        recipe_files=_globs(files.get("recipe")),
    )


def _script(node: Node | None) -> Script:
    if not isinstance(node, Mapping):
        return Script(content=_texts(node))
    content = node.get("content")
    return Script(
        content=None if content is None else _texts(content),
        file=_text(node.get("file")),
        interpreter=_text(node.get("interpreter")),
        env=tuple((key.text, _text(value) or "") for key, value in _section(node, "env").entries),
        secrets=_texts(node.get("secrets")),
        cwd=_text(node.get("cwd")),
    )


def _contents(body: Mapping) -> PackageContentsTest:
    found = {name: _exists(body.get(name)) for name in ("files", "bin", "lib", "include", "site_packages")}
    return PackageContentsTest(
        files=found["files"][0],
        not_files=found["files"][1],
        bin=found["bin"][0],
        not_bin=found["bin"][1],
        lib=found["lib"][0],
        not_lib=found["lib"][1],
        include=found["include"][0],
        not_include=found["include"][1],
        site_packages=found["site_packages"][0],
        not_site_packages=found["site_packages"][1],
        strict=_is_true(body.get("strict")),
    )


def _exists(node: Node | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(node, Mapping):
        return _texts(node.get("exists")), _texts(node.get("not_exists"))
    return _texts(node), ()


def _python(body: Mapping) -> PythonTest:
    pip_check = body.get("pip_check")
    return PythonTest(
        imports=_texts(body.get("imports")),
        pip_check=pip_check is None or _is_true(pip_check),
        python_version=_texts(body.get("python_version")),
    )


def _globs(node: Node | None) -> GlobList:
    if isinstance(node, Mapping):
        return GlobList(include=_texts(node.get("include")), exclude=_texts(node.get("exclude")))
    return GlobList(include=_texts(node))


def _section(node: Mapping, name: str) -> Mapping:
    """Return the mapping under ``name``; an empty one when it is absent."""
    section = node.get(name)
    if section is None or is_null(section):
        return Mapping(entries=(), start=node.start, document=node.document)
    if not isinstance(section, Mapping):
        raise _wrong(section, f"{name} is not a mapping")
    return section


def _is_true(node: Node | None) -> bool:
    return (_text(node) or "").lower() == "true"


def _text(node: Node | None) -> str | None:
    if node is None or is_null(node):
        return None
    if not isinstance(node, Scalar):
        raise _wrong(node, "text is expected here")
    return node.text


def _texts(node: Node | None) -> tuple[str, ...]:
    return tuple(_each_text(node))


def _each_text(node: Node | None) -> Iterator[str]:
    if isinstance(node, Sequence):
        yield from (text for item in node.items if (text := _text(item)) is not None)
    elif (text := _text(node)) is not None:
        yield text


def _wrong(node: Node, message: str) -> SourceError:
    remedy = "the package was made by another tool, or is damaged"
    return SourceError(message, code="testing.form", place=node.place, remedy=remedy)
