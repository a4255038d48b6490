"""What of a shell's variables reaches our programs, and the processes that they start."""

import pytest

from common import environment
from tests.hostile import HOSTILE

NEEDED = {"PATH": "/bin", "HOME": "/somewhere", "LANG": "C.UTF-8", "TAXI_SOURCE": "/data"}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_variable_of_other_programs_does_not_pass(name: str):
    assert environment.clean({**NEEDED, name: HOSTILE[name]}) == NEEDED


def test_a_server_gets_what_runs_a_program_and_no_credential_setting_or_proxy(monkeypatch: pytest.MonkeyPatch):
    given = {"TAXI_POSTGRES_URL": "secret", "GOOGLE_APPLICATION_CREDENTIALS": "/key", "HTTPS_PROXY": "http://proxy:1"}
    for name, value in {**HOSTILE, **NEEDED, **given, "LC_ALL": "xx_XX"}.items():
        monkeypatch.setenv(name, value)
    passed = environment.for_server(PORT="1")
    assert {"PATH": "/bin", "HOME": "/somewhere", "LC_ALL": "C", "TZ": "UTC", "PORT": "1"}.items() <= passed.items()
    assert not passed.keys() & {*HOSTILE, *given, "TAXI_SOURCE", "LANG"}


def test_a_client_gets_the_proxies_and_googles_credentials_but_no_setting_of_ours(monkeypatch: pytest.MonkeyPatch):
    given = {"GOOGLE_APPLICATION_CREDENTIALS": "/key", "HTTPS_PROXY": "http://proxy:1"}
    for name, value in {**HOSTILE, **NEEDED, **given, "TAXI_POSTGRES_URL": "secret", "no_proxy": ""}.items():
        monkeypatch.setenv(name, value)
    passed = environment.for_client(DBT_TAXI_RUN_ID="1")
    assert {**given, "DBT_TAXI_RUN_ID": "1", "LC_ALL": "C"}.items() <= passed.items()
    assert not passed.keys() & {*HOSTILE, "TAXI_POSTGRES_URL", "TAXI_SOURCE", "LANG"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"HTTP_PROXY": "http://a:1"}, {"http_proxy": "http://a:1", "https_proxy": None}),
        ({"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:1"}, {"HTTPS_PROXY": "http://a:1"}),
        ({"http_proxy": "", "HTTP_PROXY": "http://b:1"}, {"HTTP_PROXY": None, "NO_PROXY": None}),
        ({"ALL_PROXY": "socks5://a:1"}, {"all_proxy": "socks5://a:1"}),
        ({"NO_PROXY": "example.org"}, {"NO_PROXY": None}),
    ],
)
def test_a_proxy_passes_under_both_its_names_and_the_lower_case_one_counts(given: dict, expected: dict):
    passed = environment.clean(given)
    assert {name: passed.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "localhost,127.0.0.1,::1,127.0.0.0/8"),
        ({"NO_PROXY": "example.org, localhost"}, "example.org,localhost,127.0.0.1,::1,127.0.0.0/8"),
        ({"no_proxy": "a", "NO_PROXY": "b"}, "a,localhost,127.0.0.1,::1,127.0.0.0/8"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_loopback_is_left_out_of_every_proxy(given: dict, expected: str):
    passed = environment.clean({"HTTP_PROXY": "http://a:1", **given})
    assert passed["NO_PROXY"] == passed["no_proxy"] == expected


@pytest.mark.parametrize("name", environment.BUNDLES)
def test_whichever_variable_names_the_certificates_requests_uses_them(name: str):
    assert environment.clean({name: "/ca.pem"})["REQUESTS_CA_BUNDLE"] == "/ca.pem"
