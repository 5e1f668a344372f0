"""The greeting of a client: what it says comes out as it went in, fits, and names no other thing."""

import getpass
import json
import os
import sys

import pytest
from neurocorex.errors import InputError
from neurocorex.wire.greeting import GREETING_BYTES, WHO_BYTES, Greeting, check_token, myself


@pytest.mark.parametrize(
    "greeting",
    [
        Greeting(),
        Greeting(token="blue-42", wait=True),
        Greeting(watch=True, who="žofie@lab pid 7 train.py"),
        Greeting(token="t" * 64, wait=True, watch=True, who="w" * WHO_BYTES),
    ],
)
def test_greeting_comes_out_as_it_went_in(greeting: Greeting) -> None:
    payload = greeting.encode()
    assert len(payload) <= GREETING_BYTES
    assert Greeting.decode(payload) == greeting


def test_empty_greeting_is_one() -> None:
    assert Greeting.decode(b"") == Greeting.decode(b"{}") == Greeting()


def test_client_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/home/ann/train.py", "--fast"])
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    assert myself().startswith("ann@")
    assert myself().endswith(f" pid {os.getpid()} train.py")


@pytest.mark.parametrize("program", ["\x1b[2J", 'a"b\\c', "ž" * 100, "\ud800"])
def test_name_of_a_client_fits_and_can_be_printed(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [program])
    greeting = Greeting(token="t" * 64, wait=True, watch=True, who=myself())
    assert len(greeting.encode()) <= GREETING_BYTES
    assert Greeting.decode(greeting.encode()) == greeting


def test_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("no such user")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert myself().startswith(f"user {os.getuid()}@")


@pytest.mark.parametrize("token", ["", "a b", "a@b", "a/b", "é", "t" * 65, "a\n"])
def test_token_that_cannot_stand_in_a_url_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="1 to 64 letters"):
        check_token(token)


@pytest.mark.parametrize(
    "values", [[], None, 7, "who", {"who": None}, {"wait": 0}, {"watch": "yes"}, {"token": 5}, {"Who": "ann"}]
)
def test_anything_else_is_no_greeting(values: object) -> None:
    with pytest.raises(InputError, match="greeting"):
        Greeting.decode(json.dumps(values).encode())
