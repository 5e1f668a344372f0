"""Greeting of a client to a server: the payload of its first HELLO, with token, role and name."""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
import struct
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ..errors import InputError
from ..files import parse

#: Longest greeting, in bytes.
GREETING_BYTES = 200
#: Longest name of a client, in bytes: beside it there is room for the longest token.
WHO_BYTES = 80
#: What a token consists of: characters that need no quoting in a URL.
TOKEN = r"[A-Za-z0-9._~-]{1,64}"  # noqa: S105
#: Payload of the server's answer to a client that watches: frames that it has missed so far.
MISSED = struct.Struct("<I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a client says of itself in the payload of HELLO; chips ignore it.

    Attributes
    ----------
    token : str
        Secret that the server may ask for; empty for none.
    wait : bool
        Whether the client would wait in a queue while another one has the chip.
    watch : bool
        Whether the client only reads what the chip sends, and never sends anything itself.
    who : str
        Name for others who want the chip, printable, at most 80 bytes as UTF-8.
    """

    token: str = ""
    wait: bool = False
    watch: bool = False
    who: str = ""

    def encode(self) -> bytes:
        """Return the payload of HELLO: a JSON object without what has its default."""
        values = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, payload: bytes) -> Greeting:
        """Read the payload of HELLO, which may be empty; raises InputError for anything but a greeting."""
        if len(payload) > GREETING_BYTES:
            raise InputError(f"a greeting of {len(payload)} bytes is too long; {GREETING_BYTES} are allowed")
        try:
            values = parse(payload.decode() or "{}")
        except ValueError as error:
            raise InputError(f"a greeting is a JSON object in UTF-8, not {payload[:20]!r}") from error
        if not isinstance(values, dict):
            raise InputError(f'a greeting is a JSON object such as {{"wait": true}}, not {payload[:20]!r}')
        wanted = {field.name: bool if field.default is False else str for field in fields(cls)}
        for name, value in values.items():
            if name not in wanted:
                raise InputError(f"a greeting has {', '.join(wanted)}, and no {name!r}")
            if type(value) is not wanted[name]:
                raise InputError(f"{name} of a greeting is of type {wanted[name].__name__}, not {value!r}")
        greeting = cls(**values)
        if not greeting.who.isprintable() or len(greeting.who.encode()) > WHO_BYTES:
            raise InputError(f"who of a greeting is a printable name of at most {WHO_BYTES} bytes")
        return greeting


def check_token(token: str) -> str:
    """Return a token that can stand in a URL; raises InputError for any other."""
    if not re.fullmatch(TOKEN, token):
        raise InputError(f"a token has 1 to 64 letters, digits or . _ ~ -, for example 'blue-42'; got {token!r}")
    return token


def myself(number: int = 1) -> str:
    """Return user, host, process and program of this client, for others who want the chip.

    Parameters
    ----------
    number : int
        Which client of this process it is, from 1.
    """
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        user = f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"
    words = f"{user}@{socket.gethostname()} pid {os.getpid()} {Path(sys.argv[0] or 'python').name}"
    printable = "".join(letter if letter.isprintable() and letter not in '"\\' else "?" for letter in words)
    suffix = f" ({number})" if number > 1 else ""
    return printable.encode()[: WHO_BYTES - len(suffix)].decode(errors="ignore") + suffix
