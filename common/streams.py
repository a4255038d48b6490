"""stdout and stderr that take whatever is written, whatever their encoding is and though their reader has gone."""

import codecs
import errno
import io
import os
import sys
from typing import Any, TextIO

# What we write beyond ASCII, in ASCII.
_IN_ASCII = {"±": "+/-", "–": "-", "—": "-", "−": "-", "…": "...", "×": "x", "·": ".", "✗": "x", "→": "->", "≤": "<="}
_HANDLER = "taxi_in_ascii"
_ASCII = "taxi_ascii"


def make_tolerant() -> None:
    """Replace both streams of this process; each keeps its encoding."""
    codecs.register_error(_HANDLER, _in_ascii)
    codecs.register(_ascii_by_another_name)
    _open_what_is_closed()
    sys.stdout = _tolerant(sys.stdout, 1)
    sys.stderr = _tolerant(sys.stderr, 2)


def _open_what_is_closed() -> None:
    """Have each of the three descriptors lead somewhere: the next file that is opened would become stdout or stderr."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _tolerant(stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is None:  # it was closed before we were started
        return open(descriptor, "w", encoding="utf-8", closefd=False)
    stream.flush()
    raw = _Descriptor(descriptor, "<stdout>" if descriptor == 1 else "<stderr>")
    encoding = _ASCII if codecs.lookup(stream.encoding).name == "ascii" else stream.encoding
    is_shown_at_once = descriptor == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, _HANDLER, line_buffering=is_shown_at_once)


class _Descriptor(io.FileIO):
    """A stream's file, which is /dev/null from its first fault on: a run whose reader has gone goes on to its end."""

    def __init__(self, descriptor: int, shown: str):
        super().__init__(descriptor, "w", closefd=False)
        self._shown = shown

    def write(self, data: Any) -> int | None:  # type: ignore[override]  # as io.FileIO has it
        """Write, as any file; a reader that has gone (`| head`) is no error, and another fault names the stream."""
        try:
            return super().write(data)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if error.errno not in (errno.EPIPE, errno.EIO):  # EIO: the terminal was closed
                raise OSError(error.errno, error.strerror, self._shown) from None
        return len(data)


def _ascii_by_another_name(name: str) -> codecs.CodecInfo | None:
    """click takes a stream in ASCII for a mistake of the machine's, and writes UTF-8 to it."""
    if name != _ASCII:
        return None
    plain = codecs.lookup("ascii")
    return codecs.CodecInfo(
        plain.encode,
        plain.decode,
        plain.streamreader,
        plain.streamwriter,
        plain.incrementalencoder,
        plain.incrementaldecoder,
        name=_ASCII,
    )


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """For each character that the encoding lacks, its likeness in ASCII, a question mark, or a broken byte's number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_likeness(character) for character in error.object[error.start : error.end]), error.end


def _likeness(character: str) -> str:
    if "\ud800" <= character <= "\udfff":  # a byte of a file's name that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}" if character >= "\udc80" else "?"
    return _IN_ASCII.get(character) or _decomposed(character) or "?"


def _decomposed(character: str) -> str:
    """`e` for `é`."""
    import unicodedata

    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
