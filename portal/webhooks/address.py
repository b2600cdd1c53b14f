"""To which addresses the portal speaks: to nobody inside the firm's network whom an endpoint's name might lead it to. Pure.

The name of an endpoint is typed by a person, and what it stands for is said by whoever owns it: today a server of his, tomorrow
the database beside this portal. So every address is looked at when it is about to be connected to, and that very one is connected to.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from portal.refusals import Refusal

Address = IPv4Address | IPv6Address
LONGEST = 500
PORTS = {"https": 443, "http": 80}
PUBLIC_V6 = IPv6Network("2000::/3")
"""What is given out as public (IANA); all else is reserved, local or a group."""
TUNNELS = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))
"""Teredo and 6to4: an IPv4 address inside, reached by a way that nobody looks at."""
NAT64 = IPv6Network("64:ff9b::/96")
OWN = tuple(ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
"""Networks of a firm (RFC 1918, RFC 4193)."""
CLOUD = frozenset(ip_address(text) for text in ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"))
"""Where clouds answer with a machine's own keys; one of them is a public address."""


@dataclass(frozen=True)
class Rules:
    """What the settings allow. `inside`: names that may stand for addresses in the firm's own network; `loopback`: this machine, also by
    http and on every port; without `outside` nobody else at all (a demonstration)."""

    ports: frozenset[int] = frozenset({443, 8443})
    inside: frozenset[str] = frozenset()
    loopback: bool = False
    outside: bool = True


class Place(NamedTuple):
    """An endpoint's address in its parts."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The host as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if PORTS[self.scheme] == self.port else f"{host}:{self.port}"


def place_of(url: str, rules: Rules) -> Place:
    """The parts of an address. Raises Refusal, saying what is wrong, for one that could never be spoken to."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or any(sign in url for sign in " \\"):
        raise Refusal("an address is at most %(most)s plain characters, without blanks", most=LONGEST)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refusal("this is no address: write it as https://crm.example.com/hooks") from error
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ({"https", "http"} if rules.loopback else {"https"}) or not host:
        raise Refusal("this is no address that begins with https://")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment or "?" in url or "#" in url:
        raise Refusal("an address has no name, password, query or fragment: who sends is proven by the signature")
    port = port or PORTS[parts.scheme]
    if port not in rules.ports and not rules.loopback:
        raise Refusal("the port %(port)s is not allowed: %(ports)s are", port=port, ports=", ".join(str(one) for one in sorted(rules.ports)))
    literal = _literal(host)
    if literal is not None and not may_reach(literal, host, rules):
        raise Refusal("this address lies inside a network, or is reserved: only public ones are spoken to")
    return Place(parts.scheme, host, port, parts.path or "/")


def may_connect(place: Place, address: Address, rules: Rules) -> bool:
    """Whether an address that the place's name stands for may be connected to. By http, and on another port, only this machine."""
    plain = place.scheme != "https" or place.port not in rules.ports
    if plain and not (rules.loopback and _unwrapped(address).is_loopback):
        return False
    return may_reach(address, place.host, rules)


def may_reach(address: Address, host: str, rules: Rules) -> bool:
    """Whether an address may be spoken to under a name."""
    address = _unwrapped(address)
    if address.is_loopback:
        return rules.loopback
    if address in CLOUD or not rules.outside:
        return False
    if any(address.version == network.version and address in network for network in OWN):
        return host.lower() in rules.inside
    return _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        return address in PUBLIC_V6 and address.is_global and not any(address in tunnel for tunnel in TUNNELS)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, or translated by NAT64); else the address itself, without its zone."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    whole = IPv6Address(int(address))
    return IPv4Address(int(whole) & 0xFFFFFFFF) if whole in NAT64 else whole


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
