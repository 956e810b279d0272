"""The keys of a recipe: one row for each, with its section, its shape and what it is for (CEPs 13, 14, 20, 41, 44, 45).

The parser, the errors about unknown keys and the JSON schema for editors all come from these rows.
"""

from __future__ import annotations

from builder.model.frozen import frozen
from builder.model.switch import Switch
from builder.recipe import kind
from builder.recipe.shape import (
    Case,
    Cases,
    Either,
    Expression,
    Free,
    Many,
    Script,
    Section,
    Shape,
    Switched,
    Table,
    Text,
    Typed,
)


@frozen(kw_only=False)
class Key:
    """One key of a section; ``doc`` says what it is for, in a sentence; ``deprecated`` keys are old habits."""

    section: str
    name: str
    shape: Shape
    doc: str
    required: bool = False
    deprecated: bool = False


@frozen(kw_only=False)
class Rule:
    """What the keys of a section mean together: ``most`` of ``keys`` may stand there, at least ``least`` must."""

    section: str
    keys: tuple[str, ...]
    least: int = 0
    most: int = 1


_GLOBS = Many(Text(kind.GLOB))
_INNER_GLOBS = Many(Text(kind.INNER_GLOB))
_FILTER = Either(sequence=_GLOBS, mapping=Section("globs"))
_PATCHES = Many(Text(kind.PATCH))
_SPECS = Many(Text(kind.SPEC))
_LINES = Many(Text(kind.COMMAND))
_SCRIPT = Either(scalar=Script(Text(kind.SCRIPT_TEXT)), sequence=Script(_LINES), mapping=Section("script"))
_CONTENT = Script(Either(scalar=Text(kind.SCRIPT_TEXT), sequence=_LINES))
_ALL_OR_GLOBS = Either(scalar=Text(kind.BOOLEAN), sequence=_GLOBS)
_PATHS = Either(sequence=_GLOBS, mapping=Section("existence"))
_SOURCES = Many(Cases((Case("git", "git source"), Case("url", "url source"), Case("path", "path source"))), single=True)
_TESTS = Many(
    Cases(
        (
            Case("python", "python tests", lenient=True),
            Case("perl", "perl tests", lenient=True),
            Case("r", "r tests", lenient=True),
            Case("ruby", "ruby tests", lenient=True),
            Case("script", "script test"),
            Case("downstream", "downstream test"),
            Case("package_contents", "contents test", lenient=True),
        )
    )
)
_OUTPUTS = Many(Cases((Case("staging", "staging output"), Case("package", "output"))))
_PYTHON_VERSIONS = Either(scalar=Text(kind.PYTHON_VERSION), sequence=Many(Text(kind.PYTHON_VERSION)))
_STEPS = Switched(
    Switch.EXPERIMENTAL,
    "build steps are an experiment of rattler-build, build.script does the same",
    Script(Many(Section("step"), guarded=True)),
)
_FLAGS = Switched(Switch.V3, "older installers do not see the package", Many(Text(kind.FLAG)))
_EXTRAS = Switched(Switch.V3, "older installers do not see the package", Table(kind.GROUP, _SPECS))
_ATTESTATION = Switched(
    Switch.EXPERIMENTAL, "rattler-build has it as an experiment, and nothing here checks it", Section("attestation")
)

KEYS: tuple[Key, ...] = (
    Key("recipe", "$schema", Text(kind.TEXT), "Address of the schema, for editors."),
    Key("recipe", "schema_version", Text(kind.NATURAL), "Version of the recipe format, always 1."),
    Key("recipe", "context", Table(kind.VARIABLE, Typed()), "Names for use in expressions below."),
    Key("recipe", "package", Section("package"), "What the package is called."),
    Key("recipe", "recipe", Section("head"), "Name and version that outputs have in common."),
    Key("recipe", "outputs", _OUTPUTS, "The recipe's packages and staging outputs."),
    Key("recipe", "source", _SOURCES, "Where the source code comes from."),
    Key("recipe", "build", Section("build"), "How it is built and what gets into the package."),
    Key("recipe", "requirements", Section("requirements"), "What it needs to be built and to run."),
    Key("recipe", "tests", _TESTS, "How the finished package is tested."),
    Key("recipe", "about", Section("about"), "What it is, for people."),
    Key("recipe", "extra", Either(mapping=Free()), "Anything else; tools other than this one read it."),
    Key("package", "name", Text(kind.NAME), "The package's name.", required=True),
    Key("package", "version", Text(kind.VERSION), "The package's version, as text."),
    Key("head", "name", Text(kind.TEXT), "The recipe's name."),
    Key("head", "version", Text(kind.VERSION), "The version of every output that has none of its own."),
    Key("output", "package", Section("package"), "What the package is called."),
    Key("output", "inherit", Either(scalar=Text(kind.LINE), mapping=Section("inherit")), "Whose files to take."),
    Key("output", "source", _SOURCES, "Source code beside that of the recipe."),
    Key("output", "build", Section("build"), "How it is built; unset keys come from the recipe."),
    Key("output", "requirements", Section("requirements"), "What it needs to be built and to run."),
    Key("output", "tests", _TESTS, "How the finished package is tested."),
    Key("output", "about", Section("about"), "What it is; unset keys come from the recipe."),
    Key("staging", "name", Text(kind.NAME), "The name that outputs inherit by.", required=True),
    Key("staging output", "staging", Section("staging"), "A build whose files package outputs share."),
    Key("staging output", "source", _SOURCES, "Source code beside that of the recipe."),
    Key("staging output", "build", Section("staging build"), "How it is built."),
    Key("staging output", "requirements", Section("staging requirements"), "What it needs to be built."),
    Key("staging build", "script", _SCRIPT, "What to run."),
    Key("staging build", "steps", _STEPS, "What to run, step by step."),
    Key("staging requirements", "build", _SPECS, "Tools that run while building."),
    Key("staging requirements", "host", _SPECS, "Libraries to build against."),
    Key("staging requirements", "ignore_run_exports", Section("ignore_run_exports"), "Run exports not to take."),
    Key("inherit", "from", Text(kind.LINE), "The staging output's name.", required=True),
    Key("inherit", "run_exports", Text(kind.BOOLEAN), "Whether its run exports come along (true)."),
    Key("url source", "url", Many(Text(kind.URL), single=True), "Address of an archive or file; several are mirrors."),
    Key("url source", "sha256", Text(kind.SHA256), "The SHA-256 digest of the file."),
    Key("url source", "md5", Text(kind.MD5), "The MD5 digest of the file; sha256 is better."),
    Key("url source", "file_name", Text(kind.FILE_NAME), "What to call the file; an archive is then not unpacked."),
    Key("url source", "patches", _PATCHES, "Patches to apply, in order."),
    Key("url source", "target_directory", Text(kind.PATH), "The folder below the work folder to put it into."),
    Key("url source", "filter", _FILTER, "Which of its files to take."),
    Key("url source", "attestation", _ATTESTATION, "Who must have signed it; not checked yet."),
    Key("attestation", "publishers", Many(Text(kind.PUBLISHER)), "Who may have signed it."),
    Key("attestation", "bundle_url", Text(kind.URL), "Where the signature is."),
    Key("path source", "path", Text(kind.SOURCE_PATH), "A folder or file beside the recipe."),
    Key("path source", "sha256", Text(kind.SHA256), "The SHA-256 digest of the file."),
    Key("path source", "md5", Text(kind.MD5), "The MD5 digest of the file; sha256 is better."),
    Key("path source", "file_name", Text(kind.FILE_NAME), "What to call the file; an archive is then not unpacked."),
    Key("path source", "patches", _PATCHES, "Patches to apply, in order."),
    Key("path source", "target_directory", Text(kind.PATH), "The folder below the work folder to put it into."),
    Key("path source", "filter", _FILTER, "Which of its files to take."),
    Key("path source", "use_gitignore", Text(kind.BOOLEAN), "Whether files that git ignores are left out (true)."),
    Key("git source", "git", Text(kind.GIT), "Address of a git repository, or its folder from the recipe on."),
    Key("git source", "branch", Text(kind.REFERENCE), "The branch to take."),
    Key("git source", "tag", Text(kind.REFERENCE), "The tag to take."),
    Key("git source", "rev", Text(kind.REFERENCE), "The commit, tag or branch to take."),
    Key("git source", "depth", Text(kind.NATURAL), "Commits of history to fetch; none is kept, so it changes nothing."),
    Key("git source", "lfs", Text(kind.BOOLEAN), "Whether git-lfs brings large files for their pointers (false)."),
    Key("git source", "submodules", Text(kind.BOOLEAN), "Whether submodules come along (true)."),
    Key("git source", "expected_commit", Text(kind.REFERENCE), "The commit that the revision must be, all 40 digits."),
    Key("git source", "patches", _PATCHES, "Patches to apply, in order."),
    Key("git source", "target_directory", Text(kind.PATH), "The folder below the work folder to put it into."),
    Key("git source", "filter", _FILTER, "Which of its files to take."),
    Key("globs", "include", _GLOBS, "Paths to take."),
    Key("globs", "exclude", _GLOBS, "Paths to leave out again."),
    Key("build", "number", Text(kind.NATURAL), "Counts builds of one version, from 0."),
    Key("build", "string", Text(kind.BUILD_STRING), "The build string, if the usual one will not do."),
    Key("build", "script", _SCRIPT, "What to run; build.sh beside the recipe if not given."),
    Key("build", "steps", _STEPS, "What to run, step by step."),
    Key("build", "noarch", Text(kind.NOARCH), "Whether one package serves all platforms: generic or python."),
    Key("build", "skip", Many(Expression(), single=True), "Conditions; if any is true, nothing is built."),
    Key("build", "files", _FILTER, "Which of the installed files are this output's."),
    Key("build", "always_include_files", _GLOBS, "Files of the host environment to put in though unchanged."),
    Key("build", "always_copy_files", _GLOBS, "Files that installers must copy, never link."),
    Key("build", "merge_build_and_host_envs", Text(kind.BOOLEAN), "Whether one environment serves as both (false)."),
    Key("build", "python", Section("python"), "What concerns Python packages."),
    Key("build", "variant", Section("variant"), "Which variant keys count, and how builds are ranked."),
    Key("build", "prefix_detection", Section("prefix_detection"), "How paths in files are found and replaced."),
    Key("build", "dynamic_linking", Section("dynamic_linking"), "How shared libraries are relocated and checked."),
    Key("build", "post_process", Many(Section("post_process")), "Texts to replace after the build."),
    Key("build", "flags", _FLAGS, "What users may ask for in brackets (CEP 45)."),
    Key("step", "run", Either(scalar=Text(kind.SCRIPT_TEXT), sequence=_LINES), "What to run.", required=True),
    Key("step", "if", Expression(), "Whether to run it; not given, it is."),
    Key("step", "interpreter", Text(kind.TEXT), "What runs it; the shell if not given."),
    Key("step", "env", Table(kind.VARIABLE, Text(kind.TEXT)), "Environment variables of this step only."),
    Key("step", "cwd", Text(kind.PATH), "The folder to run it in, below the host prefix."),
    Key("script", "content", _CONTENT, "The text of the script, or a list of commands."),
    Key("script", "file", Text(kind.PATH), "A script beside the recipe."),
    Key("script", "interpreter", Text(kind.TEXT), "What runs it: bash, python, perl …; a file's suffix says it too."),
    Key("script", "env", Table(kind.VARIABLE, Text(kind.TEXT)), "Environment variables of the script."),
    Key("script", "secrets", Many(Text(kind.VARIABLE)), "Variables to pass from outside and to hide in logs."),
    Key("script", "cwd", Text(kind.PATH), "The folder to run it in, below the one where it would start."),
    Key("python", "entry_points", Many(Text(kind.ENTRY_POINT)), "Commands that call a function of a module."),
    Key("python", "skip_pyc_compilation", _GLOBS, "Modules that are not compiled."),
    Key("python", "use_python_app_entrypoint", Text(kind.BOOLEAN), "Whether commands run as an app on macOS (false)."),
    Key("python", "version_independent", Text(kind.BOOLEAN), "Whether it works with every Python (false; CEP 20)."),
    Key("python", "site_packages_path", Text(kind.PATH), "Where this Python keeps packages (CEP 17)."),
    Key("variant", "use_keys", Many(Text(kind.TEXT)), "Variant keys that count although unused."),
    Key("variant", "ignore_keys", Many(Text(kind.TEXT)), "Variant keys that do not count although used."),
    Key("variant", "down_prioritize_variant", Text(kind.INTEGER), "How much less this build is wanted than others."),
    Key("prefix_detection", "ignore", _ALL_OR_GLOBS, "Files in which no path is replaced (false)."),
    Key("prefix_detection", "ignore_binary_files", Text(kind.BOOLEAN), "Whether binary files are left alone (false)."),
    Key("prefix_detection", "force_file_type", Section("force_file_type"), "Files taken as text or binary."),
    Key("force_file_type", "text", _GLOBS, "Files taken as text."),
    Key("force_file_type", "binary", _GLOBS, "Files taken as binary."),
    Key("dynamic_linking", "rpaths", Many(Text(kind.TEXT)), "Folders in which libraries are found (lib/)."),
    Key("dynamic_linking", "binary_relocation", _ALL_OR_GLOBS, "Files whose run paths are made relative (true)."),
    Key("dynamic_linking", "missing_dso_allowlist", _GLOBS, "Libraries that may be missing."),
    Key("dynamic_linking", "rpath_allowlist", _GLOBS, "Run paths outside the prefix that may stay."),
    Key("dynamic_linking", "overdepending_behavior", Text(kind.BEHAVIOR), "What unused libraries are (error)."),
    Key("dynamic_linking", "overlinking_behavior", Text(kind.BEHAVIOR), "What undeclared libraries are (error)."),
    Key("post_process", "files", _GLOBS, "The files to change.", required=True),
    Key("post_process", "regex", Text(kind.REGEX), "What to look for.", required=True),
    Key("post_process", "replacement", Text(kind.TEXT), "What to put there.", required=True),
    Key("requirements", "build", _SPECS, "Tools that run while building."),
    Key("requirements", "host", _SPECS, "Libraries to build against."),
    Key("requirements", "run", _SPECS, "What must be installed with the package."),
    Key("requirements", "run_constraints", _SPECS, "What else may be installed only in these versions."),
    Key("requirements", "run_exports", Either(sequence=_SPECS, mapping=Section("run_exports")), "What its users need."),
    Key("requirements", "ignore_run_exports", Section("ignore_run_exports"), "Run exports not to take."),
    Key("requirements", "extras", _EXTRAS, "Groups of optional requirements (CEP 44)."),
    Key("run_exports", "weak", _SPECS, "For run, when it is in host."),
    Key("run_exports", "strong", _SPECS, "For host and run when it is in build, for run when in host."),
    Key("run_exports", "weak_constraints", _SPECS, "As weak, for run_constraints."),
    Key("run_exports", "strong_constraints", _SPECS, "As strong, for run_constraints."),
    Key("run_exports", "noarch", _SPECS, "For run of noarch packages."),
    Key("ignore_run_exports", "by_name", Many(Text(kind.PACKAGE)), "By what is exported."),
    Key("ignore_run_exports", "from_package", Many(Text(kind.PACKAGE)), "By the package that exports."),
    Key("script test", "script", _SCRIPT, "Commands that must succeed."),
    Key("script test", "requirements", Section("test requirements"), "What the commands need beside the package."),
    Key("script test", "files", Section("test files"), "Files to put beside the script."),
    Key("python tests", "python", Section("python test"), "Modules that must import."),
    Key("perl tests", "perl", Section("perl test"), "Perl modules that must load."),
    Key("r tests", "r", Section("r test"), "R libraries that must load."),
    Key("ruby tests", "ruby", Section("ruby test"), "Ruby modules that must load."),
    Key("contents test", "package_contents", Section("package_contents"), "Paths that the package must have."),
    Key("downstream test", "downstream", Text(kind.PACKAGE), "A user of this package whose tests must pass."),
    Key("test requirements", "build", _SPECS, "Tools for the platform that tests run on."),
    Key("test requirements", "run", _SPECS, "What must be installed beside the package."),
    Key("test files", "source", _INNER_GLOBS, "Files of the source tree."),
    Key("test files", "recipe", _INNER_GLOBS, "Files beside the recipe."),
    Key("python test", "imports", Many(Text(kind.TEXT), single=True), "Modules that must import."),
    Key("python test", "pip_check", Text(kind.BOOLEAN), "Whether pip check must be content (true)."),
    Key("python test", "python_version", _PYTHON_VERSIONS, "Versions to test with."),
    Key("perl test", "uses", Many(Text(kind.TEXT)), "Modules that must load.", required=True),
    Key("r test", "libraries", Many(Text(kind.TEXT)), "Libraries that must load.", required=True),
    Key("ruby test", "requires", Many(Text(kind.TEXT)), "Modules that must load.", required=True),
    Key("package_contents", "files", _PATHS, "Paths in the package."),
    Key("package_contents", "bin", _PATHS, "Commands, wherever the platform puts them."),
    Key("package_contents", "lib", _PATHS, "Libraries, wherever the platform puts them."),
    Key("package_contents", "include", _PATHS, "Headers, wherever the platform puts them."),
    Key("package_contents", "site_packages", _PATHS, "Python modules, wherever Python keeps them."),
    Key("package_contents", "strict", Text(kind.BOOLEAN), "Whether nothing else may be in the package (false)."),
    Key("existence", "exists", _GLOBS, "Paths that must be there."),
    Key("existence", "not_exists", _GLOBS, "Paths that must not be there."),
    Key("about", "homepage", Text(kind.PAGE), "The project's home page."),
    Key("about", "repository", Text(kind.PAGE), "Where its source code is kept."),
    Key("about", "documentation", Text(kind.PAGE), "Where its documentation is."),
    Key("about", "license", Text(kind.LICENSE), "The license, as an SPDX expression."),
    Key("about", "license_file", Many(Text(kind.LICENSE_FILE), single=True), "Files with the license's text."),
    Key("about", "license_family", Text(kind.LINE), "The license's family.", deprecated=True),
    Key("about", "summary", Text(kind.LINE), "What it is, in a line."),
    Key("about", "description", Text(kind.LINE), "What it is, at length."),
)  # fmt: skip

RULES: tuple[Rule, ...] = (
    Rule("git source", ("branch", "tag", "rev")),
    Rule("script", ("content", "file")),
    Rule("build", ("script", "steps")),
    Rule("recipe", ("package", "outputs"), least=1),
    Rule("recipe", ("package", "recipe")),
    Rule("recipe", ("outputs", "requirements")),
)


def sections() -> dict[str, dict[str, Key]]:
    """Return the keys by section and name."""
    found: dict[str, dict[str, Key]] = {}
    for key in KEYS:
        found.setdefault(key.section, {})[key.name] = key
    return found


SECTIONS = sections()
