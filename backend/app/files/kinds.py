"""Types of files, by their content. What a client says of a file is compared with what the file shows, never believed.

Content with a signature is of that type, or of one that is built on it (a document in a zip archive). Content without
one is text, if nothing in it is not, or bytes of no known type. Anything else that is claimed is a contradiction.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ANY, TEXT = "application/octet-stream", "text/plain"
HEAD_BYTES = 4096
#: Bytes at a place, and the type that begins with them. The first that fits counts.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"\0\0\1\0", "image/x-icon"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\3\4", "application/zip"),
    (0, b"PK\5\6", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
    (4, b"ftyp", "video/mp4"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"\0\1\0\0\0", "font/ttf"),
    (0, b"OTTO", "font/otf"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"\0asm", "application/wasm"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"MZ", "application/x-msdownload"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"\xca\xfe\xba\xbe", "application/x-mach-binary"),
)
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
}
#: What else a signature may stand for.
_BUILT_ON: Mapping[str, re.Pattern[str]] = {
    "application/zip": re.compile(
        r"application/(vnd\.openxmlformats-.+|vnd\.oasis\..+|vnd\.ms-[a-z]+\..+|epub\+zip|[\w.-]+\+zip|java-archive"
        r"|vnd\.android\.package-archive|vnd\.google-earth\.kmz|x-xpinstall)"
    ),
    "application/x-ole-storage": re.compile(r"application/(msword|vnd\.ms-(?!.*\.)[a-z]+|vnd\.visio|x-msi)"),
    "application/gzip": re.compile(r"application/(x-compressed-tar|x-tgz|x-tar|x-gtar)|image/svg\+xml-compressed"),
    "audio/ogg": re.compile(r"(audio|video|application)/(ogg|opus|vorbis)"),
    "video/x-matroska": re.compile(r"(video|audio)/(webm|x-matroska|matroska)"),
    "video/mp4": re.compile(r"(video|audio)/(mp4|quicktime|3gpp2?|x-m4[av]|m4a|aac)"),
    "image/heic": re.compile(r"image/hei[cf]"),
    "image/heif": re.compile(r"image/(hei[cf]|avif)"),
    "application/rtf": re.compile(r"text/(rtf|plain)|application/msword"),
    "application/x-bzip2": re.compile(r"application/x-(bzip|tar|bzip-compressed-tar)"),
    "application/x-xz": re.compile(r"application/x-(tar|xz-compressed-tar)"),
    "font/ttf": re.compile(r"font/(sfnt|collection)|application/x-font-ttf"),
    "image/tiff": re.compile(r"image/x-[\w-]+"),
}
_ALIASES: Mapping[str, str] = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/vnd.microsoft.icon": "image/x-icon",
    "image/svg": "image/svg+xml",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
    "application/x-zip": "application/zip",
    "application/x-gzip": "application/gzip",
    "application/x-rar-compressed": "application/vnd.rar",
    "application/x-sqlite3": "application/vnd.sqlite3",
    "application/x-dosexec": "application/x-msdownload",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "video/avi": "video/x-msvideo",
    "application/text": TEXT,
}
#: Said of a file, they say nothing.
_UNSAID = frozenset({"", ANY, "binary/octet-stream", "application/x-download", "application/unknown"})
_TEXTUAL = re.compile(
    r"text/.+|.+\+(json|xml|yaml)|application/(json|json5|ld\+json|xml|javascript|x-javascript|ecmascript|typescript"
    r"|x-typescript|yaml|x-yaml|toml|sql|x-sql|graphql|x-sh|x-shellscript|x-csh|x-httpd-php|x-php|x-python(-code)?"
    r"|x-perl|x-ruby|x-tex|x-latex|x-ndjson|ndjson|jsonlines|x-subrip|x-troff|csv|postscript)"
)
#: Types that browsers give to texts because something else ends in the same letters.
_MISLABELLED: Mapping[tuple[str, str], str] = {
    ("application/vnd.ms-excel", ".csv"): "text/csv",
    ("video/mp2t", ".ts"): TEXT,
    ("video/vnd.dlna.mpeg-tts", ".ts"): TEXT,
}
#: Letters that names of a type end in, the usual ones first. Types without any keep what they came with.
EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/avif": (".avif",),
    "image/heic": (".heic", ".heif"),
    "image/svg+xml": (".svg",),
    "image/tiff": (".tiff", ".tif"),
    "image/x-icon": (".ico",),
    "application/pdf": (".pdf",),
    "audio/mpeg": (".mp3",),
    "audio/wav": (".wav",),
    "audio/flac": (".flac",),
    "video/mp4": (".mp4", ".m4v"),
}
#: Shown in a browser, they do no harm.
SHOWN = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/x-icon", "application/pdf", TEXT}
)
_ACTIVE = re.compile(
    r"text/(html|xml|javascript|.*script)|application/(xhtml\+xml|xml|.*script|.*shockwave.*)|m(ultipart|essage)/.+|.+\+xml"
)
_BINARY = bytes(set(range(32)) - set(b"\t\n\v\f\r\b\x1b"))
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_NAMED = re.compile(r"[a-z0-9][\w!#$&^.+-]*/[a-z0-9][\w!#$&^.+-]*\Z", re.ASCII)


@dataclass(slots=True)
class Sniffer:
    """Looks at a file as it goes by."""

    _head: bytearray = field(default_factory=bytearray)
    _binary: bool = False

    def feed(self, data: bytes) -> None:
        """More of the file."""
        if len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]
        if not self._binary and len(data.translate(None, _BINARY)) != len(data):
            self._binary = True

    @property
    def signature(self) -> str:
        """The type that the content begins like; empty if it is none that is known."""
        head = bytes(self._head)
        for at, magic, kind in _SIGNATURES:
            if head.startswith(magic, at) and (at != 8 or head.startswith(b"RIFF")):
                return _BRANDS.get(head[8:12], kind) if magic == b"ftyp" else kind
        return ""

    @property
    def is_text(self) -> bool:
        """Whether all of it may be text."""
        return not self._binary or self._head.startswith(_UTF16)

    @property
    def is_svg(self) -> bool:
        """Whether it may be a drawing."""
        return self.is_text and b"<svg" in self._head.lower()


def canonical(declared: str) -> str:
    """A type as it is written here: small letters, no parameters, one name."""
    kind = declared.partition(";")[0].strip().lower()
    return _ALIASES.get(kind, kind)


def settled(declared: str, name: str, seen: Sniffer) -> str | None:
    """The type of a file; None if it is not what it is said to be."""
    said = canonical(declared)
    said = "" if said in _UNSAID else said
    if said and not _NAMED.match(said):
        return None
    found = seen.signature
    if found and not (seen.is_text and (found not in _TEXT_WITH_SIGNATURE or _is_textual(said))):
        built_on = _BUILT_ON.get(found)
        agrees = not said or said == found or (built_on is not None and built_on.fullmatch(said))
        return (said or found) if agrees else None
    if seen.is_text:
        return _of_text(said, name, seen)
    if said and (_is_textual(said) or said in _KNOWN or said.partition("/")[0] != "application"):
        return None
    return ANY


#: Text may begin with the letters of any other signature.
_TEXT_WITH_SIGNATURE = frozenset({"application/pdf", "application/rtf"})
_KNOWN = frozenset(kind for _, _, kind in _SIGNATURES)


def _is_textual(kind: str) -> bool:
    return _TEXTUAL.fullmatch(kind) is not None


def _of_text(said: str, name: str, seen: Sniffer) -> str | None:
    if not said:
        return TEXT
    relabelled = _MISLABELLED.get((said, extension_of(name)))
    if relabelled is not None:
        return relabelled
    if said == "image/svg+xml":
        return said if seen.is_svg else None
    return said if _is_textual(said) else None


def extension_of(name: str) -> str:
    """What a name ends in, with its dot, in small letters; empty if that is nothing usual."""
    _, dot, last = name.rpartition(".")
    return f".{last.lower()}" if dot and last.isalnum() and last.isascii() and len(last) <= 10 else ""


def is_allowed(kind: str, patterns: tuple[str, ...]) -> bool:
    """Whether a type is among those of a setting: `image/*`, `application/pdf`, and `!type` for those that are not."""
    refused = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    allowed = [pattern for pattern in patterns if not pattern.startswith("!")]
    return _fits(kind, allowed) and not _fits(kind, refused)


def _fits(kind: str, patterns: list[str]) -> bool:
    family = kind.partition("/")[0]
    return any(pattern in (kind, f"{family}/*", "*/*") for pattern in patterns)


def served_as(kind: str) -> str:
    """The type that a browser is told: what it could run is bytes to it. A drawing in a page runs nothing."""
    if kind == TEXT:
        return "text/plain; charset=utf-8"
    return ANY if kind != "image/svg+xml" and _ACTIVE.fullmatch(kind) else kind
