"""The functions that recipes may call (CEP 39, as rattler-build 0.73 does them)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from builder.model.pin import DEFAULT_LOWER, DEFAULT_UPPER, Pin
from builder.model.target import Target, target
from builder.model.version import Version
from builder.model.version_spec import VersionSpec
from builder.recipe.machine import machine_functions
from builder.recipe.scope import SYSROOT_KEY, RecipeScope
from builder.syntax.value import Arguments, ExpressionError, Function, Namespace, Undefined, Value, kind_of, text_of

_C_COMPILERS = {"c": "gcc", "cxx": "gxx"}
_CLANG = {"c": "clang", "cxx": "clangxx"}


def functions(scope: RecipeScope) -> dict[str, Function | Namespace]:
    """Return the functions of one evaluation by name."""
    found: list[Function | Namespace] = [
        Function("compiler", lambda arguments: _toolchain(arguments, "compiler", scope)),
        Function("stdlib", lambda arguments: _toolchain(arguments, "stdlib", scope)),
        Function("cdt", lambda arguments: _cdt(arguments, scope)),
        *_ALWAYS_THE_SAME,
        *machine_functions(scope),
    ]
    return {function.name: function for function in found}


def _text(value: Value, what: str) -> str:
    if isinstance(value, Undefined):
        raise value.refuse()
    if not isinstance(value, str):
        raise ExpressionError(f"{what} must be text, this is {kind_of(value)}")
    return value


def _toolchain(arguments: Arguments, what: str, scope: RecipeScope) -> str:
    """Return ``NAME_PLATFORM`` or ``NAME_PLATFORM =VERSION``, from the variant keys or the platform's default."""
    language = _text(arguments.take("language", required=1)["language"], "the language")
    key, platform = f"{language}_{what}", scope.request.platforms.target
    for read in (key, f"{key}_version", SYSROOT_KEY):
        scope.note(read)
    chosen, version = scope.variant(key), scope.variant(f"{key}_version")
    name = text_of(chosen) if chosen is not None else None
    if name is None and what == "compiler":
        name = _default_compiler(language, target(platform))
    if name is None:
        raise ExpressionError(
            f"no {what} is known for {language}",
            remedy=f"set {key} in a variant file",
            code="recipe.no-toolchain",
        )
    package = f"{name}_{platform}"
    if version is None:
        return package
    text = text_of(version)
    plain = all(char.isalnum() or char == "." for char in text)
    return f"{package} ={text}" if plain else f"{package} {text}"


def _default_compiler(language: str, platform: Target) -> str:
    family = platform.family.name
    if language == "fortran":
        return "flang" if family == "win" else "gfortran"
    if language not in _C_COMPILERS:
        return language
    match family:
        case "win":
            return "vs2022"
        case "osx" | "ios" | "iossimulator" | "android":
            return _CLANG[language]
        case "emscripten":
            return "emscripten"
        case _:
            return _C_COMPILERS[language]


def _cdt(arguments: Arguments, scope: RecipeScope) -> str:
    package = _text(arguments.take("package", required=1)["package"], "the package")
    machine = target(scope.request.platforms.host).arch
    old = "cos7" if machine in {"s390x", "aarch64", "ppc64le", "ppc64"} else "cos6"
    arch, name = scope.variant("cdt_arch"), scope.variant("cdt_name")
    arch_text = text_of(arch) if arch is not None else "i686" if machine == "x86" else machine
    suffix = f"{text_of(name) if name is not None else old}-{arch_text}"
    head, space, rest = package.partition(" ")
    return f"{head}-{suffix}{space}{rest}"


def _pin(function: str, arguments: Arguments) -> str:
    """Return the pin as JSON text, which the list of requirements reads back."""
    for old, new in (("min_pin", "lower_bound"), ("max_pin", "upper_bound")):
        if old in arguments.named:
            raise ExpressionError(f"{old} is not an argument any more", remedy=f"use {new} instead")
    given = arguments.take("name", "lower_bound", "upper_bound", "exact", "build", required=1)
    if len(arguments.positional) > 1:
        raise ExpressionError("everything but the name is given by name", remedy="write upper_bound=…")
    pin: dict[str, Value] = {"name": _text(given.pop("name"), "the name")}
    if "exact" in given:
        if len(given) > 1:
            raise ExpressionError("exact comes without bounds and build")
        if given["exact"] is True:
            return _json({function: {**pin, "exact": True}})
    bounds = {"lower_bound": DEFAULT_LOWER, "upper_bound": DEFAULT_UPPER, **given}
    bounds.pop("exact", None)
    arguments_of_pin = {key: _text(value, key) for key, value in bounds.items() if value is not None}
    try:
        Pin(**{"lower_bound": None, "upper_bound": None, **arguments_of_pin})  # type: ignore[arg-type]
    except ValueError as error:
        raise ExpressionError(str(error)) from error
    return _json({function: {**pin, **arguments_of_pin}})


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _match(arguments: Arguments) -> bool:
    """Whether a version fits a spec; true for a value that is not known yet, so that no variant is lost."""
    given = arguments.take("value", "spec", required=2)
    value = given["value"]
    if isinstance(value, Undefined) or value is None:
        return True
    version = text_of(value).split(" ")[0]
    while version.endswith(".*"):
        version = version[:-2]
    try:
        return VersionSpec.parse(_text(given["spec"], "the spec"), strict=True).matches(
            Version.parse(version.rstrip("*"))
        )
    except ValueError as error:
        raise ExpressionError(str(error)) from error


def _cmp(_: Arguments) -> Value:
    raise ExpressionError("cmp is not a function any more", remedy="use match instead")


_PLATFORM_QUESTIONS: Mapping[str, Callable[[Target], bool]] = {
    "is_linux": lambda platform: platform.is_linux,
    "is_osx": lambda platform: platform.is_osx,
    "is_win": lambda platform: platform.is_win,
    "is_windows": lambda platform: platform.is_win,
    "is_unix": lambda platform: platform.is_unix,
    "is_ios": lambda platform: platform.family.name in {"ios", "iossimulator"},
    "is_android": lambda platform: platform.family.name == "android",
}


def _platform_question(name: str, question: Callable[[Target], bool]) -> Function:
    def call(arguments: Arguments) -> Value:
        subdir = _text(arguments.take("platform", required=1)["platform"], "the platform")
        try:
            return question(target(subdir))
        except ValueError as error:
            raise ExpressionError(str(error)) from error

    return Function(name, call)


_ALWAYS_THE_SAME = (
    Function("pin_subpackage", lambda arguments: _pin("pin_subpackage", arguments)),
    Function("pin_compatible", lambda arguments: _pin("pin_compatible", arguments)),
    Function("match", _match),
    Function("cmp", _cmp),
    *(_platform_question(name, question) for name, question in _PLATFORM_QUESTIONS.items()),
)
"""The functions that need nothing but their arguments."""
