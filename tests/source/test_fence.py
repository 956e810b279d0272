"""What a farm's fence lets through: addresses by their text, machines by what names lead to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import SourceError
from builder.model.policy import Policy
from builder.source.address import Offer, offers
from builder.source.fence import judge, not_public, public_addresses

FARM, LAPTOP = Policy(farm=True), Policy()


def refusal(address: str) -> str:
    with pytest.raises(SourceError) as caught:
        judge(address, FARM)
    (problem,) = caught.value.problems
    assert problem.code == "source.forbidden"
    assert "mirror" in (problem.remedy or "")
    return problem.message


class TestByText:
    @pytest.mark.parametrize(
        "address",
        [
            "https://example.org/a-1.tar.gz",
            "https://example.org:443/a-1.tar.gz?download=1#at",
            "http://www.example.org/a",
            "https://xn--bcher-kva.example/a",
            "https://a_b.example.org/a..b/c",
            "http://8.8.8.8/a",
            "https://[2600:1f18::1]/a",
            "https://[64:ff9b::808:808]/a",
            "https://1234.example/a",
            "https://0x7f.example/a",
            "pypi:example/1.0/example-1.0.tar.gz",
            "debian:pool/main/e/example/example_1.0.orig.tar.gz",
        ],
    )
    def test_what_is_public_passes(self, address: str) -> None:
        judge(address, FARM)

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("http://169.254.169.254/latest/meta-data/", "link-local"),
            ("http://127.0.0.1:2375/", "loopback"),
            ("http://10.1.2.3/a", "private"),
            ("http://172.31.255.255/a", "private"),
            ("http://192.168.0.1/a", "private"),
            ("http://100.100.100.200/a", "carrier"),
            ("http://168.63.129.16/a", "cloud"),
            ("http://0.0.0.0/a", "this network"),
            ("http://224.0.0.1/a", "multicast"),
            ("http://255.255.255.255/a", "reserved"),
            ("http://[::1]/a", "loopback"),
            ("http://[::]/a", "nobody's"),
            ("http://[::ffff:169.254.169.254]/a", "disguise"),
            ("http://[::ffff:a9fe:a9fe]/a", "disguise"),
            ("http://[::127.0.0.1]/a", "disguise"),
            ("http://[64:ff9b::a9fe:a9fe]/a", "link-local"),
            ("http://[64:ff9b:1::1]/a", "translation"),
            ("http://[2002:7f00:1::]/a", "6to4"),
            ("http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/a", "reserved"),  # Teredo
            ("http://[fd00:ec2::254]/a", "private"),
            ("http://[fe80::1]/a", "link-local"),
            ("http://[ff02::1]/a", "multicast"),
            ("http://[4000::1]/a", "reserved"),
        ],
    )
    def test_addresses_that_are_not_public(self, address: str, why: str) -> None:
        message = refusal(address)
        assert why in message
        assert address in message

    @pytest.mark.parametrize(
        "host",
        ["2130706433", "0x7f000001", "017700000001", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.01",
         "8.8.8.8.", "08.8.8.8", "1.2.3.4.5", "256.1.1.1", "0x", "example.1", "[fe80::1%25eth0]", "[v1.x]", "[::1"],
    )  # fmt: skip
    def test_spellings_that_programs_read_differently(self, host: str) -> None:
        assert refusal(f"http://{host}/a")

    @pytest.mark.parametrize(
        "host",
        ["localhost", "LOCALHOST", "db", "x.localhost", "metadata.google.internal", "printer.local", "a.home.arpa",
         "example.org.", "-a.example", "a..example", "", "a" * 64 + ".example", "%31%32%37.0.0.1", "a.example%00.x"],
    )  # fmt: skip
    def test_names_that_are_not_public(self, host: str) -> None:
        assert refusal(f"https://{host}/a")

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("file:///etc/passwd", "only debian, http, https, pypi"),
            ("ftp://example.org/a", "only debian"),
            ("gopher://example.org/_a", "only debian"),
            ("HTTPS://example.org/a", "only debian"),
            ("https://example.org:8443/a", "port 8443"),
            ("http://example.org:443/a", "port 443"),
            ("https://example.org:0/a", "port 0"),
            ("https://example.org:99999/a", "ort"),
            ("https://example.org:x/a", "ort"),
            ("https://user:secret@example.org/a", "user name"),
            ("https://@example.org/a", "user name"),
            ("https://example.org/a/../b", "'..'"),
            ("https://example.org/a/%2e%2E/b", "'..'"),
            ("https://example.org\\@127.0.0.1/a", "holds"),
            ("https://example.org/a\r\nHost: b", "holds"),
            ("https://example.org/\ta", "holds"),
            ("https://\uff11\uff12\uff17.0.0.1/a", "holds"),
            ("https://ⓔxample.org/a", "holds"),
            ("debian:pool/main/a b", "holds"),
        ],
    )
    def test_what_else_is_refused(self, address: str, why: str) -> None:
        message = refusal(address)
        assert why in message
        assert "secret" not in message
        assert message.isascii()
        assert message.isprintable()

    def test_schemes_may_be_fewer(self) -> None:
        judge("https://example.org/a.git", FARM, schemes={"https"})
        for address in ("http://example.org/a.git", "pypi:a/1/b", "ssh://git@example.org/a", "git@example.org:a.git"):
            with pytest.raises(SourceError, match="only https may be named"):
                judge(address, FARM, schemes={"https"})

    @pytest.mark.parametrize("address", ["http://127.0.0.1:2375/", "file:///etc/passwd", "http://0x7f.1/", "x"])
    def test_a_laptop_judges_nothing(self, address: str) -> None:
        judge(address, LAPTOP)

    @given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://127.0.0.1/", "http://[::1"]))
    def test_whatever_the_text_nothing_but_a_refusal(self, text: str, start: str) -> None:
        refused = None
        try:
            judge(start + text, FARM)
        except SourceError as error:
            refused = str(error)
        assert start != "http://127.0.0.1/" or refused
        assert refused is None or refused.isprintable()


class TestIpAddresses:
    @given(st.ip_addresses(v=4))
    def test_of_version_4_never_more_than_the_standard_library(self, address: ipaddress.IPv4Address) -> None:
        if not_public(str(address)) is None:
            assert address.is_global
            assert not address.is_multicast

    @given(st.ip_addresses(v=6))
    def test_of_version_6_only_unicast(self, address: ipaddress.IPv6Address) -> None:
        if not_public(str(address)) is None and address not in ipaddress.ip_network("64:ff9b::/96"):
            assert address in ipaddress.ip_network("2000::/3")
            assert not address.is_private
            assert not address.is_multicast
            assert address.teredo is None
            assert address.sixtofour is None

    @given(st.ip_addresses(v=4))
    def test_disguises_are_no_better_than_what_they_hide(self, address: ipaddress.IPv4Address) -> None:
        assert not_public(f"::ffff:{address}") is not None
        assert not_public(f"::{address}") is not None
        assert not_public(f"64:ff9b::{address}") == not_public(str(address))

    def test_every_special_network_at_its_edges(self) -> None:
        for inside in ("10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "100.64.0.0", "100.127.255.255"):
            assert not_public(inside) is not None
        for outside in ("9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0"):
            assert not_public(outside) is None

    @pytest.mark.parametrize("text", ["", "x", "1.2.3", "fe80::1%eth0", "1.2.3.4/8"])
    def test_what_is_none_is_not_public(self, text: str) -> None:
        assert not_public(text) is not None


class TestNames:
    @staticmethod
    def leading_to(*addresses: str) -> tuple[list[tuple[str, int]], tuple[str, ...]]:
        asked: list[tuple[str, int]] = []

        def resolve(host: str, port: int) -> Iterable[str]:
            asked.append((host, port))
            return addresses

        return asked, public_addresses("Files.example.org", 443, "https://files.example.org/a", resolve=resolve)

    def test_public_ones_are_given_in_their_order_once(self) -> None:
        asked, found = self.leading_to("93.184.216.34", "2600::1", "93.184.216.34")
        assert found == ("93.184.216.34", "2600::1")
        assert asked == [("files.example.org", 443)]

    @pytest.mark.parametrize("bad", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1"])
    def test_one_that_is_not_public_spoils_all(self, bad: str) -> None:
        with pytest.raises(SourceError) as caught:
            self.leading_to("93.184.216.34", bad)
        (problem,) = caught.value.problems
        assert "https://files.example.org/a" in problem.message
        assert f"files.example.org leads to {bad}" in problem.message

    def test_a_literal_is_judged_before_it_is_looked_up(self) -> None:
        for host in ("127.0.0.1", "::1", "[::1]", "2130706433", "localhost"):
            with pytest.raises(SourceError):
                public_addresses(host, 80, "http://x/", resolve=lambda host, port: ["93.184.216.34"])

    def test_a_literal_that_is_public_is_itself(self) -> None:
        assert public_addresses("93.184.216.34", 80, "http://93.184.216.34/") == ("93.184.216.34",)

    def test_no_such_name_is_the_networks_affair(self) -> None:
        def nothing(host: str, port: int) -> Iterable[str]:
            raise socket.gaierror("Name or service not known")

        with pytest.raises(OSError, match="not known"):
            public_addresses("nowhere.example", 443, "https://nowhere.example/", resolve=nothing)


class TestOffers:
    def test_they_say_who_wrote_them(self) -> None:
        mirrors = {"https://example.org/": ("http://10.0.0.5/cache/", "https://mirror.example/")}
        assert list(offers("https://example.org/a", mirrors)) == [
            Offer(address="http://10.0.0.5/cache/a", base="http://10.0.0.5/cache/"),
            Offer(address="https://mirror.example/a", base="https://mirror.example/"),
            Offer(address="https://example.org/a"),
        ]
