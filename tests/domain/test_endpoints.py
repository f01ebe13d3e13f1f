"""Where an endpoint of webhooks may lie."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notices.endpoint import MAX_URL, Reach, UnreachableAddressError, is_public

PUBLIC_ONLY = Reach()
ANYWHERE = Reach(private=True, plain=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org",
        "https://hooks.example.org/keepdate?of=us",
        "https://HOOKS.example.org:443/",
        "https://hooks.example.org:8443/",
        "https://xn--bcher-kva.example/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]:8443/",
    ],
)
def test_what_may_be_an_endpoint(url: str) -> None:
    PUBLIC_ONLY.require_url(url)
    ANYWHERE.require_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org",
        "//hooks.example.org/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "gopher://hooks.example.org/",
        "https://",
        "https:///path",
        "https://:443/",
        "https://user@hooks.example.org/",
        "https://user:secret@hooks.example.org/",
        "https://@hooks.example.org/",
        "https://hooks.example.org/#part",
        "https://hooks.example.org/#",
        "https://hooks.example.org:0/",
        "https://hooks.example.org:65536/",
        "https://hooks.example.org:http/",
        "https://hooks example.org/",
        "https://hooks.example.org/\r\nX-More: yes",
        "https://hooks.example.org\\@evil.example/",
        "https://hooks%2eexample.org/",
        "https://bücher.example/",
        "https://hooks..example.org/",
        "https://-hooks.example.org/",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
        "https://hooks.example.org/" + "x" * MAX_URL,
    ],
)
def test_what_is_no_endpoint_whatever_the_settings(url: str) -> None:
    with pytest.raises(UnreachableAddressError):
        ANYWHERE.require_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/",
        "https://a.LOCALHOST/",
        "https://127.0.0.1/",
        "https://10.0.0.1:8443/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://hooks.example.org:22/",
    ],
)
def test_what_only_the_settings_allow(url: str) -> None:
    ANYWHERE.require_url(url)
    with pytest.raises(UnreachableAddressError):
        PUBLIC_ONLY.require_url(url)


def test_plain_http_is_a_matter_of_the_settings() -> None:
    Reach(plain=True).require_url("http://hooks.example.org/")
    with pytest.raises(UnreachableAddressError, match="https"):
        PUBLIC_ONLY.require_url("http://hooks.example.org/")


@given(st.ip_addresses())
def test_no_address_is_public_that_python_holds_for_special(address: object) -> None:
    found = ip_address(str(address))
    if is_public(str(found)):
        assert found.is_global
        assert not found.is_multicast
        assert not found.is_reserved


@given(st.ip_addresses(v=4))
def test_no_address_of_ipv4_hides_in_one_of_ipv6(address: object) -> None:
    number = int(ip_address(str(address)))
    for network, shift in (
        ("::/96", 0),
        ("::ffff:0:0/96", 0),
        ("64:ff9b::/96", 0),
        ("2002::/16", 80),
        ("2001::/32", 0),
    ):
        guise = IPv6Address(int(ip_network(network).network_address) + (number << shift))
        assert not is_public(str(guise)), guise
