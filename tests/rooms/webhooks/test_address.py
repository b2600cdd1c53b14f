"""No endpoint leads the portal to what the firm's network hides: by number, by name, by redirect, or by a name that changes its mind."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

import pytest

from portal.gateways.webhooks import HttpCarrier, check, rules_of
from portal.refusals import Refusal
from portal.settings import BadSetting, Settings
from portal.webhooks import address as guard
from portal.webhooks.address import Address, Rules, may_reach, place_of
from tests.rooms.webhooks.receiver import Receiver, open_receiver

PUBLIC, LOOPBACK = Rules(), Rules(loopback=True)
HIDDEN = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.1.1",
    "169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "fe80::1", "fec0::1", "fc00::1",
    "fd00:ec2::254", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "100::1",
]  # fmt: skip
OPEN = ["8.8.8.8", "1.1.1.1", "47.100.1.1", "172.32.0.1", "2400:3200::1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as found:
        yield found


@pytest.mark.parametrize("text", HIDDEN)
def test_what_is_hidden_is_not_spoken_to(text: str) -> None:
    assert not may_reach(ip_address(text), "crm.example.com", PUBLIC)


@pytest.mark.parametrize("text", OPEN)
def test_what_is_public_is(text: str) -> None:
    assert may_reach(ip_address(text), "crm.example.com", PUBLIC)
    assert not may_reach(ip_address(text), "crm.example.com", dataclasses.replace(PUBLIC, outside=False)), "a demonstration speaks to nobody outside"


def test_a_name_of_the_firms_own_network_is_one_that_the_settings_name() -> None:
    """Private addresses alone: this machine, link-local ones and where clouds keep keys stay closed to it."""
    inside = Rules(inside=frozenset({"oa.firm.cn"}))
    assert may_reach(ip_address("10.1.2.3"), "OA.firm.cn", inside)
    assert not may_reach(ip_address("10.1.2.3"), "crm.firm.cn", inside)
    assert [
        text for text in ("127.0.0.1", "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fe80::1", "::ffff:127.0.0.1") if may_reach(ip_address(text), "oa.firm.cn", inside)
    ] == []


@pytest.mark.parametrize(
    "url",
    [
        "", "crm.example.com", "ftp://crm.example.com", "http://crm.example.com", "https://", "https:///x", "https://user@crm.example.com", "https://a:b@crm.example.com/",
        "https://crm.example.com/?key=1", "https://crm.example.com/?", "https://crm.example.com/#x", "https://crm.example.com:22/", "https://crm.example.com:99999/", "https://127.0.0.1/",
        "https://[::1]/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://crm.example.com/a b", "https://crm.example.com\\@127.0.0.1/", "https://居缘.example/", "https://a.example/" + "x" * 500,
    ],
)  # fmt: skip
def test_an_address_that_is_never_spoken_to_is_refused_when_it_is_typed(url: str) -> None:
    with pytest.raises(Refusal):
        place_of(url, PUBLIC)


def test_a_good_address_in_its_parts() -> None:
    assert place_of("https://crm.example.com./hooks", PUBLIC) == ("https", "crm.example.com", 443, "/hooks")
    assert place_of("https://crm.example.com:8443", PUBLIC).host_header == "crm.example.com:8443"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "017700000001", "127.1"])
def test_this_machine_is_not_reached_by_any_spelling(receiver: Receiver, host: str) -> None:
    carrier = HttpCarrier(dataclasses.replace(PUBLIC, ports=frozenset({receiver.port})))
    for scheme in ("http", "https"):
        assert carrier.post(f"{scheme}://{host}:{receiver.port}/hooks", {}, b"{}").failure == "address"
    assert receiver.came == []


def test_control_without_the_guard_the_planted_server_is_reached(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: nobody looks at what a name stands for."""
    monkeypatch.setattr("portal.gateways.webhooks.may_connect", lambda place, address, rules: True)
    monkeypatch.setattr(guard, "may_reach", lambda address, host, rules: True)
    carrier = HttpCarrier(Rules(loopback=True, outside=False), resolve=lambda host, port: [ip_address("127.0.0.1")])
    assert carrier.post(receiver.url(host="crm.example.com"), {}, b"{}").status == 200
    assert len(receiver.came) == 1


def test_a_name_that_stands_for_one_hidden_address_among_others_is_refused_whole(receiver: Receiver) -> None:
    carrier = HttpCarrier(PUBLIC, resolve=lambda host, port: [ip_address("8.8.8.8"), ip_address("10.0.0.1")])
    assert carrier.post("https://crm.example.com/hooks", {}, b"{}").failure == "address"


def test_the_address_that_was_looked_at_is_connected_to(receiver: Receiver) -> None:
    """A name that says something else each time it is asked (DNS rebinding) is asked once."""
    asked: list[str] = []

    def changing(host: str, port: int) -> Sequence[Address]:
        asked.append(host)
        return [ip_address("127.0.0.1" if len(asked) == 1 else "8.8.8.8")]

    assert HttpCarrier(LOOPBACK, resolve=changing).post(receiver.url(host="crm.example.com"), {}, b"{}").delivered
    assert asked == ["crm.example.com"]
    assert receiver.came[0].headers["Host"] == f"crm.example.com:{receiver.port}"


def test_by_http_only_this_machine_is_spoken_to() -> None:
    carrier = HttpCarrier(LOOPBACK, resolve=lambda host, port: [ip_address("8.8.8.8")])
    assert carrier.post("http://crm.example.com/hooks", {}, b"{}").failure == "address"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.redirects_to = receiver.url("/elsewhere")
    answer = HttpCarrier(LOOPBACK).post(receiver.url(), {}, b"{}")
    assert (answer.status, answer.failure, answer.delivered) == (302, "redirect", False)
    assert receiver.at("/elsewhere") == []


def test_no_more_is_read_than_is_kept(receiver: Receiver) -> None:
    receiver.answer = "居" * 100_000
    assert HttpCarrier(LOOPBACK).post(receiver.url(), {}, b"{}").text == "居" * 500


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "drips"])
def test_nobody_holds_the_line_for_longer_than_the_deadline(receiver: Receiver, drips: bool) -> None:
    """Also who sends a header line now and then, so that no single wait is long."""
    receiver.drips, receiver.slow = drips, {} if drips else {"/hooks": 3.0}
    begun = time.monotonic()
    assert HttpCarrier(LOOPBACK, whole=0.4).post(receiver.url(), {}, b"{}").failure == "timeout"
    assert time.monotonic() - begun < 2


def test_what_goes_wrong_is_an_answer() -> None:
    def unknown(host: str, port: int) -> Sequence[Address]:
        raise OSError("no such name")

    assert HttpCarrier(PUBLIC, resolve=unknown).post("https://crm.example.com/", {}, b"").failure == "name"
    with open_receiver() as closed:
        url, secured = closed.url(), closed.url().replace("http://", "https://")
        assert HttpCarrier(dataclasses.replace(LOOPBACK, ports=frozenset({closed.port}))).post(secured, {}, b"").failure == "tls"
    assert HttpCarrier(LOOPBACK).post(url, {}, b"").failure == "connection"


def test_the_settings_open_nothing_by_mistake(settings: Settings) -> None:
    for bad in ({"webhook_loopback": True, "testing": False}, {"webhook_ports": "443,x"}, {"webhook_ports": ""}, {"webhook_ports": "70000"}):
        with pytest.raises(BadSetting):
            check(dataclasses.replace(settings, **bad))
    found = rules_of(dataclasses.replace(settings, demo=True, webhook_inside=" OA.firm.cn ,"))
    assert (found.outside, found.inside, found.loopback) == (False, {"oa.firm.cn"}, False)
