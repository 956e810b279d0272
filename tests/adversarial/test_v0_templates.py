"""Hostile templates and selectors of ``meta.yaml``, through ``bakehouse render``."""

from __future__ import annotations

import pytest

from tests.adversarial.attack import SECRET, Attack
from tests.adversarial.legacy import PACKAGE, each, keep, refuse, selector, statement, summary


def test_nothing_of_python_is_reached(attack: Attack) -> None:
    expressions = [
        "''.__class__.__mro__[1].__subclasses__()",
        "''['__class__']",
        "''|attr('__class__')",
        "'{0.__class__}'.format(1)",
        "'{a.__class__}'.format(a=1)",
        "'%s'|format(range.__class__)",
        "self.__init__.__globals__",
        "self._TemplateReference__context",
        "joiner.__init__.__globals__",
        "cycler.__init__.__globals__.os.system('id')",
        "namespace.__init__.__globals__",
        "load_file_data.__globals__",
        "load_file_data.__closure__",
        "compiler.__code__",
        "pin_compatible.__func__.__globals__",
        "environ.__class__",
        "load_file_regex('meta.yaml', 'a', from_recipe_dir=True).__class__",
        "datetime.datetime.strptime('1', '%d').__class__.now()",
        "datetime.datetime.strptime('1', '%d').today()",
        "datetime.datetime.strptime.__self__",
        "os.system('id')",
        "os.popen('id')",
        "(1).__lshift__(10**9)",
        "lipsum.__globals__['os'].popen('id').read()",
        f"load_file_data('{attack.mark}', 'yaml')",
    ]
    refuse(attack, each([summary(one) for one in expressions], "unsafe|undefined|attribute|callable|absolute"))


def test_no_other_file_is_part_of_a_template(attack: Attack) -> None:
    attack.put("other", "{{ 1 }}")
    texts = [
        "{% include '/etc/passwd' %}", "{% include '../other' %}", "{% include 'meta.yaml' %}", "{% import '../other' as x %}",
        "{% from '../other' import x %}", "{% extends '/etc/passwd' %}", "{% include ['a', 'b'] %}",
    ]  # fmt: skip
    refuse(attack, each([statement(text) for text in texts], "load no other files"))


def test_what_makes_much_of_little_is_refused(attack: Attack) -> None:
    big = "('a' * 60000)"
    expressions = [
        "'a' * 10**9", "10**10**10**10", "9**9**9**9**9", "[1] * 10**9", "'a'|center(10**9)", "'a'.ljust(10**9)",
        "'a'.zfill(10**9)", "'%1000000000d' % 1", "'%*d' % (10**9, 1)", "'%1000000000d'|format(1)",
        "'{:1000000000}'.format(1)", "'{0:{1}}'.format(1, 10**9)", f"{big}|indent({big})", f"{big}|wordwrap(1, wrapstring={big})",
        f"{big}|list|join({big})", f"{big}.join({big})", f"{big}|replace('a', {big})", f"{big}.replace('', {big})",
        "'a'|batch(10**9, 'x')|list", "'a'|slice(10**9)|list", f"([{big}] * 60000)|string", f"{big} ~ {big}", f"{big} + {big}",
        "datetime.datetime.strptime('1', '%d').strftime('%1000000000d')", f"datetime.datetime.strptime({big}, {big})",
        "range(10**9)", "1|round(10**9, 'floor')", "(1).to_bytes(10**9, 'big')", f"{big}.expandtabs(1000)",
    ]  # fmt: skip
    kept = {"10**10**10**10", "9**9**9**9**9"}  # as everywhere in Jinja, from left to right: a number of 1,001 digits
    texts = [summary(one) for one in expressions if one not in kept]
    refuse(attack, each(texts, "too large|Range too big|unsafe|characters at most|steps"))


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(99) }}",
        "{% set s = namespace(v='a') %}{% for a in range(999) %}{% set s.v %}{{ s.v }}{{ s.v }}{% endset %}{% endfor %}",
        "{% for a in range(99999) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for i in [1] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    ],
)  # fmt: skip
def test_every_template_ends(attack: Attack, template: str) -> None:
    refuse(attack, each([statement(template)], "steps|characters|recursion"))


def test_a_template_nests_and_goes_on_only_so_far(attack: Attack) -> None:
    deep = [
        summary("(" * 2000 + "1" + ")" * 2000), summary("not " * 5000 + "1"), summary("1" + "+1" * 20_000),
        statement("{% if 1 %}" * 2000 + "{% endif %}" * 2000), statement("{% for i in [1] %}" * 99 + "{% endfor %}" * 99),
        summary("1" + "|string" * 5000), statement("{{ 1 }}\n" * 30_000),
    ]  # fmt: skip
    refuse(attack, each(deep, "recursion|nested|indentation|words and signs|characters"), placed=False)


def test_chance_and_the_clock_have_no_say(attack: Attack) -> None:
    texts = ["range(9)|random", "lipsum(2)", "datetime.datetime.now()", "datetime.datetime.utcnow()", "time.time()"]
    refuse(attack, each([summary(text) for text in texts], "random|defined|asks for the time"))


def test_secrets_of_the_environment_are_nobodys_business(attack: Attack) -> None:
    attack.environment["AWS_SECRET"] = SECRET
    wanted = ["environ['AWS_SECRET']", "os.environ['AWS_SECRET']", "AWS_SECRET"]
    told = refuse(attack, each([summary(one) for one in wanted], "AWS_SECRET"))
    assert SECRET not in str(told)
    harmless = {
        "get": summary("environ.get('AWS_SECRET', 'unset')"),
        "all": summary("environ.items()|list|length > 0"),
        "bare": selector("AWS_SECRET"),
        "os": selector("os.environ.get('AWS_SECRET')"),
        "getenv": selector("os.getenv('AWS_SECRET')"),
    }
    for name, document in keep(attack, harmless).items():
        assert SECRET not in str(document)
        assert document["name"] == "demo", name
    assert keep(attack, {"allowed": summary("environ['AWS_SECRET']")}, "--allow-env", "AWS_SECRET")


def test_selectors_are_no_python(attack: Attack) -> None:
    code = [
        f"__import__('os').system('touch {attack.mark}')", "().__class__", "linux.__class__", "9**9**9", "(lambda: 1)()",
        "open('/etc/passwd')", "linux if exec('1') else win", "'a' * 10**9", "f'{linux}'", "(yield)", "(linux := 1)",
        "{}.setdefault(1, 2)", "'%1000000000d' % 1", "'{}'.format(linux)", "os.system('id')", "os.environ.clear()",
        "not " * 3000 + "linux", "(" * 1500 + ")" * 1500, "1 / 0", "'a' < 1", "1 +",
    ]  # fmt: skip
    refuse(attack, each([selector(one) for one in code], "this selector cannot be evaluated"))


def test_all_selectors_of_a_file_have_an_end(attack: Attack) -> None:
    many = "".join(f"# {PACKAGE}" * 0 + f"  k{n}: a  # [{'linux or ' * 200}x{n}]\n" for n in range(60))
    refuse(attack, each([f"{PACKAGE}extra:\n{many}"], "more than 64 KiB"))


def test_patterns_of_conda_build_end_too(attack: Attack) -> None:
    variants = attack.put("v.yaml", "mpi: [a, b]\n")
    lines = [
        "{% for " * 800 + " " * 400 + "in mpi", "{%for" + "in " * 4000 + "mpi", "{{mpi " * 2500, "{% if " + "mpi " * 4000,
        "pin_x('numpy'" * 1200, "{{ pin_subpackage(" * 800, "[" * 16_000, "#[mpi" * 3000,
    ]  # fmt: skip
    texts = {f"p{number}": f"{PACKAGE}# {line}\n" for number, line in enumerate(lines)}
    texts["blank"] = f"{PACKAGE}extra: {{}}\n" + ("\n" * 400 + "# x\n") * 200
    assert len(keep(attack, texts, "-m", variants)) == len(texts)
    for name in texts:
        attack.put(f"{name}/build.sh", "mpi\n" * 100_000)
    assert len(keep(attack, texts, "-m", variants, "--no-cache")) == len(texts)
    refuse(
        attack,
        each([f"{PACKAGE}# {'x' * 20_000}\n", PACKAGE + "\n" * 1000 + "about: {}\n"], "at most|follow each other"),
    )
