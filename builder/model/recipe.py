"""An evaluated recipe output: every expression and condition is gone, every section has its type.

Section and field names are those of CEP 14 (and 41 for staging); lists are tuples, absent lists are empty. Specs are
kept as the recipe's text; `builder.model.match_spec` parses them.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from builder.model.frozen import frozen
from builder.model.interpreter import Language
from builder.model.legacy_pin import AnyPin

Noarch = Literal["generic", "python"]
Behavior = Literal["ignore", "error"]
Json = str | int | float | bool | None | tuple["Json", ...] | tuple[tuple[str, "Json"], ...]


@frozen
class GlobList:
    """Which paths a list of glob patterns selects: those that ``include`` matches and ``exclude`` does not.

    With ``by_folder`` they are read as Python's `glob` reads them, which is conda-build's way: ``*`` stops at slashes.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    by_folder: bool = False

    def __bool__(self) -> bool:
        return bool(self.include or self.exclude)


@frozen
class Attestation:
    """Who must have signed a source: ``publishers`` are such as ``github:owner/repository``."""

    publishers: tuple[str, ...] = ()
    bundle_url: str | None = None


@frozen
class UrlSource:
    """An archive or a file by address: ``urls`` are mirrors of the same bytes, ``pypi:`` and ``debian:`` ones too.

    ``digests`` are further ones by kind (``sha512``), for whoever wants them compared. An archive is unpacked, without
    its only top folder unless it ``keeps_top_folder``; ``archive_name`` is its name where the address does not say it.
    A file with a ``file_name`` is copied under that. ``measured`` is the sha256 of what came where none is given.
    """

    urls: tuple[str, ...]
    sha256: str | None = None
    md5: str | None = None
    file_name: str | None = None
    patches: tuple[str, ...] = ()
    target_directory: str | None = None
    filter: GlobList = GlobList()
    attestation: Attestation | None = None
    digests: tuple[tuple[str, str], ...] = ()
    archive_name: str | None = None
    keeps_top_folder: bool = False
    measured: str | None = None

    @property
    def known_sha256(self) -> str | None:
        """The digest under which the file is kept."""
        return self.sha256 or self.measured


@frozen
class PathSource:
    """A folder or file beside the recipe; of a file, what `UrlSource` says of digests and archives holds too."""

    path: str
    sha256: str | None = None
    md5: str | None = None
    use_gitignore: bool = True
    file_name: str | None = None
    patches: tuple[str, ...] = ()
    target_directory: str | None = None
    filter: GlobList = GlobList()
    digests: tuple[tuple[str, str], ...] = ()
    archive_name: str | None = None
    keeps_top_folder: bool = False


@frozen
class GitSource:
    """A git repository at one revision.

    ``commit`` is no key of recipes: it is what the revision was when the plan was made, None before.
    """

    git: str
    branch: str | None = None
    tag: str | None = None
    rev: str | None = None
    depth: int | None = None
    lfs: bool = False
    submodules: bool = True
    expected_commit: str | None = None
    patches: tuple[str, ...] = ()
    target_directory: str | None = None
    filter: GlobList = GlobList()
    commit: str | None = None


Source = UrlSource | PathSource | GitSource


@frozen
class Script:
    """What to run: ``content`` lines or a ``file`` of the recipe's folder; neither means the default ``build.sh``.

    ``content`` is evaluated; a name in capitals that the recipe does not define, ``${{ PREFIX }}``, has become a
    variable of the shell that runs it (``${PREFIX}``, ``%PREFIX%``). For an interpreter that is no shell it stays as
    written.

    ``steps`` run one after the other instead of all that, each in a process of its own; their ``cwd`` starts from the
    host prefix (rattler-build's experiment).

    One that is not ``strict`` was written for conda-build's bash, which goes on after a variable that is not set and
    after a failure inside a pipe.
    """

    content: tuple[str, ...] | None = None
    file: str | None = None
    interpreter: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    cwd: str | None = None
    steps: tuple[Script, ...] = ()
    strict: bool = True

    @property
    def parts(self) -> tuple[Script, ...]:
        """What runs: the steps, or all of it at once."""
        return self.steps or (self,)


@frozen
class VariantKeys:
    """``build.variant``: which keys count although unused, or do not although used."""

    use_keys: tuple[str, ...] = ()
    ignore_keys: tuple[str, ...] = ()
    down_prioritize_variant: int = 0


@frozen
class PythonBuild:
    """``build.python``."""

    entry_points: tuple[str, ...] = ()
    skip_pyc_compilation: tuple[str, ...] = ()
    use_python_app_entrypoint: bool = False
    version_independent: bool = False
    site_packages_path: str | None = None


@frozen
class PrefixDetection:
    """``build.prefix_detection``: ``ignore`` is all files, none, or those that match."""

    ignore: bool | GlobList = False
    ignore_binary_files: bool | GlobList = False
    force_text: GlobList = GlobList()
    force_binary: GlobList = GlobList()


@frozen
class DynamicLinking:
    """``build.dynamic_linking``; overlinking defaults to `error` (CEP 14).

    ``overdepending_behavior`` is None when the recipe does not say: then it is only a warning, for the peers' default
    is to ignore it and most recipes were written with them.
    """

    rpaths: tuple[str, ...] = ("lib/",)
    binary_relocation: bool | GlobList = True
    missing_dso_allowlist: GlobList = GlobList()
    rpath_allowlist: GlobList = GlobList()
    overdepending_behavior: Behavior | None = None
    overlinking_behavior: Behavior = "error"


@frozen
class PostProcess:
    """One entry of ``build.post_process``: a regular expression replaced in matching text files."""

    files: GlobList
    regex: str
    replacement: str


@frozen
class Build:
    """``build``: ``string`` is what the recipe asks for, not yet resolved; ``files`` picks an output's share.

    ``flags`` are what users may ask for in brackets, ``[flags=[cuda]]`` (CEP 45). Solvers like packages less for each
    of their ``track_features``; ``features`` are their older kin, which only very old installers know.
    ``link_scripts`` are run when a package is installed or removed: the file of the recipe's folder, and the path in
    the package. A recipe that is not ``recipe_included`` stays out of it. Where build and host are one environment, run
    exports of what ``build`` asks for may count ``as_host`` ones (conda-build's rule) or not at all (rattler-build's).
    """

    number: int = 0
    string: str | None = None
    script: Script = Script()
    noarch: Noarch | None = None
    files: GlobList = GlobList()
    always_include_files: GlobList = GlobList()
    always_copy_files: GlobList = GlobList()
    merge_build_and_host_envs: bool = False
    build_exports_as_host: bool = False
    variant: VariantKeys = VariantKeys()
    python: PythonBuild = PythonBuild()
    prefix_detection: PrefixDetection = PrefixDetection()
    dynamic_linking: DynamicLinking = DynamicLinking()
    post_process: tuple[PostProcess, ...] = ()
    flags: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    track_features: tuple[str, ...] = ()
    link_scripts: tuple[tuple[str, str], ...] = ()
    recipe_included: bool = True

    @property
    def for_every_python(self) -> bool:
        """Whether installers put the files where the environment's Python wants them (``noarch: python``, CEP 20)."""
        return self.noarch == "python" or self.python.version_independent


@frozen
class PinSubpackage:
    """``pin_subpackage(name, …)``: resolved from this recipe's own outputs."""

    name: str
    pin: AnyPin


@frozen
class PinCompatible:
    """``pin_compatible(name, …)``: resolved from the solved build and host environments."""

    name: str
    pin: AnyPin


Requirement = str | PinSubpackage | PinCompatible


@frozen
class RunExports:
    """What using this package adds to its users' requirements."""

    weak: tuple[Requirement, ...] = ()
    strong: tuple[Requirement, ...] = ()
    weak_constraints: tuple[Requirement, ...] = ()
    strong_constraints: tuple[Requirement, ...] = ()
    noarch: tuple[Requirement, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.weak or self.strong or self.weak_constraints or self.strong_constraints or self.noarch)


@frozen
class IgnoreRunExports:
    """Which run exports of others not to take: by the exported name, or all of a package."""

    by_name: tuple[str, ...] = ()
    from_package: tuple[str, ...] = ()


@frozen
class Requirements:
    """``requirements``, before any solve; ``extras`` are groups of optional run requirements by name (CEP 44).

    ``shown`` is what people and programs get to see of them, by kind, if that is not all of this: conda-build's
    renderings have bare names for pins.
    """

    build: tuple[Requirement, ...] = ()
    host: tuple[Requirement, ...] = ()
    run: tuple[Requirement, ...] = ()
    run_constraints: tuple[Requirement, ...] = ()
    run_exports: RunExports = RunExports()
    ignore_run_exports: IgnoreRunExports = IgnoreRunExports()
    extras: tuple[tuple[str, tuple[Requirement, ...]], ...] = ()
    shown: tuple[tuple[str, tuple[str, ...]], ...] | None = None


@frozen
class ScriptTest:
    """A script with its own requirements, and files of the source tree or the recipe beside it."""

    script: Script
    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    source_files: GlobList = GlobList()
    recipe_files: GlobList = GlobList()


@frozen
class PythonTest:
    """Modules that must import, and whether ``pip check`` must be clean."""

    imports: tuple[str, ...]
    pip_check: bool = True
    python_version: tuple[str, ...] = ()


@frozen
class ImportTest:
    """Modules of another language that must load, in an environment with its interpreter."""

    language: Language
    names: tuple[str, ...]


@frozen
class PackageContentsTest:
    """Globs that the package's paths must, or must not, match; the sections name platform-dependent places."""

    files: tuple[str, ...] = ()
    not_files: tuple[str, ...] = ()
    bin: tuple[str, ...] = ()
    lib: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    site_packages: tuple[str, ...] = ()
    not_bin: tuple[str, ...] = ()
    not_lib: tuple[str, ...] = ()
    not_include: tuple[str, ...] = ()
    not_site_packages: tuple[str, ...] = ()
    strict: bool = False


@frozen
class DownstreamTest:
    """The tests of another package that depends on this one."""

    downstream: str


Test = ScriptTest | PythonTest | ImportTest | PackageContentsTest | DownstreamTest


@frozen
class About:
    """``about``; ``license`` is an SPDX expression, already checked, or else any text that names one.

    ``further`` is said in about.json beside all that, under the names that it has there, or in its place.
    """

    homepage: str | None = None
    repository: str | None = None
    documentation: str | None = None
    license: str | None = None
    license_file: tuple[str, ...] = ()
    license_family: str | None = None
    summary: str | None = None
    description: str | None = None
    license_is_spdx: bool = True
    further: tuple[tuple[str, str | tuple[str, ...]], ...] = ()


@frozen
class Inherit:
    """Which staging output this output's files come from, and whether its run exports come along (CEP 41).

    What is not ``packed`` is there for the output's own script only, as the files of its environment are: conda-build's
    outputs hold what their scripts add.
    """

    staging: str
    run_exports: bool = True
    packed: bool = True


@frozen
class Output:
    """One evaluated output of a recipe: a package, or a staging output, which is built but never packed.

    A staging output has no version of its own (``version`` is the recipe's, or ``0``), no run requirements, no tests.
    ``rendered`` is the whole output as plain data in a fixed order (what CEP 40 stores and the recipe key hashes).
    """

    kind: Literal["package", "staging"]
    name: str
    version: str
    skip: bool = False
    source: tuple[Source, ...] = ()
    build: Build = Build()
    requirements: Requirements = Requirements()
    tests: tuple[Test, ...] = ()
    about: About = About()
    extra: tuple[tuple[str, Json], ...] = ()
    inherit: Inherit | None = None
    rendered: str = field(default="{}", repr=False)
