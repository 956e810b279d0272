"""The tests that a package carries, read from the package itself, so that it can be tested years later.

The form of ``info/tests/tests.yaml`` is rattler-build's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from builder.archive import OpenPackage
from builder.errors import SourceError
from builder.model.recipe import (
    DownstreamTest,
    GlobList,
    PackageContentsTest,
    PythonTest,
    Script,
    ScriptTest,
    Test,
)
from builder.syntax import read_yaml
from builder.syntax.node import Mapping, Node, Scalar, Sequence

FILE = "tests/tests.yaml"


def read_tests(package: OpenPackage) -> tuple[Test, ...]:
    """Return the tests of ``package`` in their order; none when it carries none.

    Raises `SourceError` when they are not of a form that is known.
    """
    if FILE not in package.info_files():
        return ()
    name = f"{package.path.name}: info/{FILE}"
    node = read_yaml(package.read_info(FILE), name)
    if not isinstance(node, Sequence):
        raise SourceError(f"{name} is not a list of tests", code="testing.form", place=node.place)
    return tuple(_at_home(_test(item, name), number) for number, item in enumerate(node.items))


def _at_home(test: Test, number: int) -> Test:
    """Return a script test that starts among its own files: where rattler-build starts it by an explicit ``cwd``."""
    if isinstance(test, ScriptTest) and test.script.cwd == f"info/tests/{number}":
        return replace(test, script=replace(test.script, cwd=None))
    return test


def _test(node: Node, name: str) -> Test:
    if isinstance(node, Mapping):
        for kind, make in (("script", _script_test), ("package_contents", _contents), ("python", _python)):
            if kind in node:
                return make(node)
        if isinstance(downstream := node.get("downstream"), Scalar):
            return DownstreamTest(downstream=downstream.text)
    remedy = "this version knows script, package_contents, python and downstream tests"
    raise SourceError(f"{name} holds a test of an unknown kind", code="testing.form", place=node.place, remedy=remedy)


def _script_test(node: Mapping) -> ScriptTest:
    requirements, files = _mapping(node.get("requirements")), _mapping(node.get("files"))
    return ScriptTest(
        script=_script(node.get("script")),
        build=_texts(requirements.get("build")) if requirements else (),
        run=_texts(requirements.get("run")) if requirements else (),
        source_files=_globs(files.get("source") if files else None),
        recipe_files=_globs(files.get("recipe") if files else None),
    )


def _script(node: Node | None) -> Script:
    if not isinstance(node, Mapping):
        return Script(content=_texts(node))
    content, env = node.get("content"), _mapping(node.get("env"))
    return Script(
        content=None if content is None else _texts(content),
        file=_text(node.get("file")),
        interpreter=_text(node.get("interpreter")),
        env=tuple((key.text, _text(value) or "") for key, value in env.entries) if env else (),
        cwd=_text(node.get("cwd")),
    )


def _contents(node: Mapping) -> PackageContentsTest:
    body = _mapping(node.get("package_contents"))
    if body is None:
        return PackageContentsTest()
    exists, forbidden = _exists(body.get("files"))
    sections = {name: _exists(body.get(name))[0] for name in ("bin", "lib", "include", "site_packages")}
    return PackageContentsTest(
        files=exists,
        not_files=forbidden,
        bin=sections["bin"],
        lib=sections["lib"],
        include=sections["include"],
        site_packages=sections["site_packages"],
        strict=_text(body.get("strict")) in {"true", "True"},
    )


def _exists(node: Node | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(node, Mapping):
        return _texts(node.get("exists")), _texts(node.get("not_exists"))
    return _texts(node), ()


def _python(node: Mapping) -> PythonTest:
    body = _mapping(node.get("python"))
    if body is None:
        return PythonTest(imports=())
    return PythonTest(
        imports=_texts(body.get("imports")),
        pip_check=_text(body.get("pip_check")) not in {"false", "False"},
        python_version=_texts(body.get("python_version")),
    )


def _globs(node: Node | None) -> GlobList:
    if isinstance(node, Mapping):
        return GlobList(include=_texts(node.get("include")), exclude=_texts(node.get("exclude")))
    return GlobList(include=_texts(node))


def _mapping(node: Node | None) -> Mapping | None:
    return node if isinstance(node, Mapping) else None


def _text(node: Node | None) -> str | None:
    return node.text if isinstance(node, Scalar) else None


def _texts(node: Node | None) -> tuple[str, ...]:
    return tuple(_each_text(node))


def _each_text(node: Node | None) -> Iterator[str]:
    match node:
        case Scalar(text=text):
            yield text
        case Sequence(items=items):
            yield from (item.text for item in items if isinstance(item, Scalar))
        case _:
            return
