"""Forms, taken apart piece by piece: however they are cut, the same comes out; whatever they hold, nothing breaks."""

import random
from itertools import pairwise

import pytest
from app.files.multipart import (
    LONGEST_HEADERS,
    LONGEST_PREAMBLE,
    PART_ENDED,
    MultipartError,
    Parser,
    Part,
    boundary_of,
    parsed_header,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BOUNDARY = "x-y"
LOOKALIKES = [b"\r\n--x-y", b"\r\n--x-", b"--x-y--", b"\r\n--x-y-unlike"]
HEAD = 'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain'


def written(*parts: tuple[str, bytes], boundary: str = BOUNDARY) -> bytes:
    inside = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts)
    return inside + f"--{boundary}--\r\n".encode()


def read(pieces: list[bytes], boundary: str = BOUNDARY) -> list[tuple[Part, bytes]]:
    parser, found, content = Parser(boundary), list[tuple[Part, bytes]](), b""
    part: Part | None = None
    for piece in pieces:
        for event in parser.feed(piece):
            if isinstance(event, Part):
                assert part is None
                part, content = event, b""
            elif event is PART_ENDED:
                assert part is not None
                found.append((part, content))
                part = None
            else:
                content += event
    parser.close()
    assert part is None
    return found


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = [0, *sorted({place % (len(data) + 1) for place in at}), len(data)]
    return [data[start:stop] for start, stop in pairwise(places)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.one_of(st.binary(max_size=200), st.sampled_from(LOOKALIKES)), max_size=4),
    st.lists(st.integers(0, 10_000), max_size=12),
)  # fmt: skip
def test_however_a_form_is_cut_the_same_comes_out(contents: list[bytes], at: list[int]) -> None:
    boundary = "x-y-unlike-anything"
    form = written(*((HEAD, content) for content in contents), boundary=boundary)
    found = read(cut(form, at), boundary)
    assert [content for _, content in found] == contents
    assert all(part == Part("file", "a.txt", "text/plain") for part, _ in found)


def test_a_form_may_come_byte_by_byte() -> None:
    form = written((HEAD, b"\r\n--x-\r\n--x-z\r\n"), (HEAD, b""))
    assert [content for _, content in read([bytes([byte]) for byte in form])] == [b"\r\n--x-\r\n--x-z\r\n", b""]


def test_what_begins_like_a_boundary_is_content_until_it_is_one() -> None:
    content = b"a\r\n--x-yz\r\n--x-y \t z\r\n--x-y-\r\n--x-y" + b" " * 200 + b"\r\n"
    assert read([written((HEAD, content))])[0][1] == content


def test_blanks_after_a_boundary_and_a_short_preamble_are_allowed() -> None:
    form = b"hello\r\n" + written((HEAD, b"z")).replace(b"--x-y\r\n", b"--x-y \t\r\n") + b"farewell" * 1000
    assert read([form])[0][1] == b"z"


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_noise_is_refused_or_read_but_never_breaks(noise: bytes, at: list[int]) -> None:
    try:
        read(cut(noise, at))
    except MultipartError:
        pass


def test_a_form_with_bytes_changed_is_refused_or_read_but_never_breaks() -> None:
    chance = random.Random(7)
    form = written((HEAD, b"some content"), ('Content-Disposition: form-data; name="b"', b"c"))
    for _ in range(5000):
        broken = bytearray(form)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(broken))
            action = chance.randrange(3)
            if action == 0:
                broken[place] = chance.randrange(256)
            elif action == 1:
                del broken[place : place + chance.randint(1, 10)]
            else:
                broken[place:place] = chance.choice([b"\r\n", b"--x-y", b"\r\n--x-y--", b'"', b";", b"\0", b"\\"])
        try:
            read(cut(bytes(broken), [chance.randrange(300) for _ in range(3)]))
        except MultipartError:
            continue


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"--x-y",
        b"--x-y\r\n",
        written((HEAD, b"z"))[:-6],
        b"--x-y\r\n\r\nno headers\r\n--x-y--",
        b'--x-y\r\nContent-Disposition: form-data; name=a; filename="b\r\n\r\nz\r\n--x-y--',
        b"--x-y\r\nContent-Disposition : form-data; name=a\r\n\r\nz\r\n--x-y--",
        b"--x-y\r\n" + b"a" * (LONGEST_HEADERS + 1),
        b"a" * (LONGEST_PREAMBLE + 100),
        written((HEAD, b"z"), boundary="other"),
    ],
)
def test_a_form_that_is_none(form: bytes) -> None:
    with pytest.raises(MultipartError):
        read([form])


def test_no_more_is_held_than_a_piece() -> None:
    parser = Parser(BOUNDARY)
    parser.feed(f"--x-y\r\n{HEAD}\r\n\r\n".encode())
    for _ in range(50):
        assert sum(len(event) for event in parser.feed(b"a" * 65_536) if isinstance(event, bytes)) > 65_000


@pytest.mark.parametrize(
    ("value", "filename"),
    [
        ('form-data; name="a"; filename="b.txt"', "b.txt"),
        ("form-data; name=a; filename=b.txt", "b.txt"),
        ('form-data; name="a"; filename="a \\"b\\".txt"', 'a "b".txt'),
        ('form-data; name="a"; filename="a%22b.txt"', 'a"b.txt'),
        ('form-data; name="a"; filename="C:\\dir\\b.txt"', "C:\\dir\\b.txt"),
        ('form-data; name="a"; filename="été; x.txt"', "été; x.txt"),
        ("form-data; name=a; filename=x; filename*=UTF-8''%C3%A9t%C3%A9.txt", "été.txt"),
        ('form-data; name="a"; filename=""', ""),
        ('form-data; name="a"', None),
    ],
)
def test_names_of_files_as_browsers_write_them(value: str, filename: str | None) -> None:
    ((part, _),) = read([written((f"Content-Disposition: {value}", b""))])
    assert (part.name, part.filename) == ("a", filename)


def test_a_boundary_is_read_with_its_quotes() -> None:
    assert boundary_of('multipart/form-data; charset=x; boundary="a b"') == "a b"
    assert parsed_header("Form-Data; A=1; a=2") == ("form-data", {"a": "1"})
