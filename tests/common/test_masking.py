"""Secrets are masked by their value, wherever in a text they stand."""

import pytest

from common import masking
from common.errors import TaxiError


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://user:hunter2@host/tlc", "http://***@host/tlc"),
        ("--source=https://user:p%40ss@host", "--source=https://***@host"),
        ("-shttp://user:a:b@host:8080/x?sig=abcdefgh&v=1#f", "-shttp://***@host:8080/x?***#f"),
        ("https://ghp_token@host/tlc", "https://***@host/tlc"),
        ("http://user:pass/word@host", "http://***@host"),
        ("http://user:pass?word@host", "http://***@host"),
        ("http://host:8080/tlc@2024/x", "http://host:8080/tlc@2024/x"),
        ("http://host/tlc@2024", "http://host/tlc@2024"),
        ("gs://bucket/prefix", "gs://bucket/prefix"),
        ("/data/tlc", "/data/tlc"),
    ],
)
def test_the_login_and_the_query_of_an_address_are_masked_and_the_rest_is_not(address: str, shown: str):
    masking.hide_addresses([address])
    assert masking.masked(f"run {address} again") == f"run {shown} again"


@pytest.mark.parametrize("text", ["p@ss word", "p%40ss%20word", "user:p@ss word@host", "'p@ss word'"])
def test_a_password_is_masked_by_itself_and_as_addresses_write_it(text: str):
    masking.hide_addresses(["http://user:p%40ss%20word@host"])
    assert "ss" not in masking.masked(text).replace("***", "")


def test_a_long_secret_is_masked_inside_of_words_and_a_short_one_as_a_whole_word_alone():
    masking.hide("taxi", "0123456789", None, "")
    assert masking.masked("user=taxi taxi_marts taxi-lake x0123456789x") == "user=*** taxi_marts taxi-lake x***x"


def test_where_one_secret_is_part_of_another_nothing_of_the_longer_one_is_left():
    masking.hide("secret-one", "secret-one-and-more")
    assert masking.masked("secret-one-and-more") == "***"


def test_an_error_shows_no_secret_in_either_of_its_sentences():
    masking.hide("hunter2")
    error = TaxiError("http://u:hunter2@host is down", "Open http://u:hunter2@host")
    assert "hunter2" not in f"{error} {error.what} {error.next_step}"
