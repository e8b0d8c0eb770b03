"""The ways in which the dialect has grown since 12.0.2: each a name, a reason, and what it looks like.

A difference that none of these describes is a mistake of ours. The first that describes one takes it.
"""

from dataclasses import dataclass

from .comparing import Difference
from .exchange import NO_ANSWER
from .predicates import (
    ROOT_ORDER,
    Test,
    answers,
    aspect,
    body,
    category,
    embeds_in,
    every,
    header,
    method,
    our_text,
    our_type,
    same_message,
    same_sentence,
    some,
    target,
    their_text,
    words,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A difference that is meant to be."""

    name: str
    reason: str
    describes: Test


def kind_of(difference: Difference) -> Kind | None:
    """The kind that a difference is of."""
    return next((kind for kind in KINDS if kind.describes(difference)), None)


#: Mistakes of 12.0.2 that no client can want.
MENDED = (
    Kind(
        "no answer",
        "12.0.2 hangs up, or hangs.",
        lambda difference: difference.exchange.reference.status == NO_ANSWER,
    ),
    Kind("no UTF-8", "12.0.2 answers 500 to bytes that are no UTF-8.", answers(r"500 - > [24]\d\d .*")),
    Kind(
        "empty embed",
        "12.0.2 writes wrong SQL for an embed without columns.",
        every(some(answers(r"400 42601 > .*"), words("42601", "message")), target(r"\(\)|%28%29")),
    ),
    Kind(
        "quoted keys",
        "12.0.2 does not find primary keys whose names have to be quoted.",
        some(
            every(answers(r"405 PGRST105 > (20\d -|4\d\d .*)"), method("PUT"), target("%22")),
            every(aspect("location"), their_text("^None$"), target("^/[^?]*%")),
        ),
    ),
    Kind(
        "two content types",
        "12.0.2 sends two content types with PGRST116.",
        every(aspect("content-type"), header("accept", "pgrst.object")),
    ),
    Kind(
        "domain over a composite",
        "Values are cast to the column's type; a composite of unknown type cannot be read.",
        every(answers(r"400 0A000 > .*"), target(r"(place|home|holder)(=|\.)")),
    ),
    Kind(
        "custom handler of anything",
        "A handler of anyelement takes the rows as they are; 12.0.2 casts them to the table's type.",
        every(
            header("accept", "text/plain"),
            some(
                answers(r"400 (42846|42704|22023|22P02) > (2\d\d -|[45]\d\d ([24]\w{4}|PGRST115))"),
                every(aspect("body.bytes"), our_type("text/plain"), target("select=")),
            ),
        ),
    ),
    Kind(
        "handlers and select",
        "A handler of one table serves whole rows only.",
        every(
            some(
                answers(r"400 (42846|22P02) > (2\d\d -|4\d\d .*)", r"200 - > 406 PGRST107"),
                aspect("content-type", "body.bytes", "body"),
            ),
            target(r"^/(any_media|line_media|rpc/media_lines)\b"),
            some(target("select="), header("accept", r"vnd\.pgrst")),
        ),
    ),
    Kind(
        "represented domains",
        "Casts and quantifiers are of the values, not of how these show themselves.",
        every(
            some(
                answers(r"400 (42846|42809|22P02) > (2\d\d -|4\d\d .*)"),
                every(aspect("body"), target(r"(paint|theme|name)::")),
            ),
            target(r"(paint|theme|name)(::|[=.](not\.)?\w+(\(|%28)(any|all))"),
        ),
    ),
    Kind(
        "one named argument",
        "12.0.2 gives the body to a single json argument that has a name.",
        every(answers(r"404 42883 > 404 PGRST202"), target("/rpc/write_scratch")),
    ),
    Kind(
        "pseudo-types",
        "An argument of type anyelement is taken as text.",
        every(answers(r"400 42P16 > .*"), target("/rpc/polymorphic")),
    ),
    Kind(
        "aggregates of represented domains",
        "Sums are of values, not of how they show themselves.",
        every(
            some(answers(r"404 42883 > .*"), words("42883", "message", "hint")),
            target(r"(paint|theme|name)(::\w+)?\.(sum|avg|max|min)"),
        ),
    ),
)

#: What came between 12.0.2 and now: other statuses and codes.
STATUSES = (
    Kind(
        "406 for 415",
        "A type that cannot be produced is 406.",
        some(
            every(answers(r"415 PGRST107 > 406 PGRST107"), same_message),
            every(answers(r"415 - > 406 .*", r"415 .* > 406 -"), method("HEAD")),
        ),
    ),
    Kind(
        "unknown table",
        "It is found out before anything of the request is looked at.",
        answers(
            r"404 (42P01|-) > 404 PGRST205",
            r"400 (PGRST200|22023|PGRST204) > 404 PGRST205",
            r"(415 PGRST107|405 PGRST105) > 404 PGRST205",
        ),
    ),
    Kind("partitions", "They are not exposed.", every(answers(r".* > 404 PGRST205"), target("/events_2023"))),
    Kind("unknown path", "It has a code.", answers(r"404 - > 404 PGRST125", r"404 (-|42P01) > 405 PGRST117")),
    Kind(
        "unknown role",
        "A role that does not exist is 401.",
        every(answers(r"400 22023 > 401 22023"), same_message),
    ),
    Kind(
        "claims",
        "They have a code of their own.",
        every(answers(r"401 PGRST301 > 401 PGRST303"), category("broken.token")),
    ),
    Kind("audience", "Without jwt-aud any will do.", their_text("JWTNotInAudience")),
    Kind(
        "key ids",
        "A token that names a key is not for a secret without a name.",
        every(answers(r"\d+ .* > 401 PGRST301"), our_text("No suitable key was found"), category("broken.token")),
    ),
    Kind(
        "empty token",
        "`Bearer` and nothing more is a mistake.",
        every(answers(r"\d+ .* > 401 PGRST301"), our_text("Empty JWT"), category("broken.token")),
    ),
    Kind("spread to many", "12.0.2 knows to-one spreads only.", answers(r"400 PGRST119 > .*")),
    Kind(
        "is.not_null",
        "12.0.2 does not know it.",
        every(answers(r"400 PGRST100 > .*"), target(r"is\.not_null")),
    ),
    Kind(
        "language on both sides",
        "The configuration of a text search is applied to the column as well.",
        every(
            some(
                aspect("body", "body.bytes", "content-range", "error.details"),
                answers(r"(200|206|416) .* > (200|206|416) .*"),
            ),
            target(r"fts(\(|%28)(english|french|simple)"),
        ),
    ),
    Kind(
        "limited writes",
        "`limit` and `offset` mean nothing to PATCH and DELETE; `order` is that of the answer.",
        some(
            answers(r"400 PGRST109 > .*"),
            every(answers(r".* > 400 42703", r"4\d\d 42703 > .*"), method("PATCH", "DELETE", "POST"), target("order=")),
            every(method("PATCH", "DELETE"), target("(limit|offset)=")),
            every(method("PATCH", "DELETE"), target("order="), answers(r"2\d\d - > 400 PGRST1[01]8")),
            every(method("PATCH", "DELETE", "POST", "PUT"), target(r"^/(?!rpc/).*order="), aspect("body.row order")),
        ),
    ),
    Kind(
        "max-affected",
        "12.0.2 does not know it.",
        every(header("prefer", "max-affected"), some(aspect("answer", "preference-applied"))),
    ),
    Kind(
        "single object",
        "`params=single-object` is gone.",
        header("prefer", "params=single-object"),
    ),
    Kind(
        "time zones",
        "One that does not exist is an error of PostgreSQL, never an invalid preference; calls echo it.",
        every(
            header("prefer", "timezone="),
            some(
                aspect("preference-applied"),
                every(aspect("body", "body.bytes"), header("prefer", "timezone=-03:00")),
                answers(r"400 PGRST122 > 400 22023", r"\d+ .* > 400 22023"),
            ),
        ),
    ),
    Kind(
        "filters of calls",
        "A filter may use a column that is not selected.",
        every(some(answers(r"400 42703 > .*"), words("42703", "message")), target(r"^/rpc/.*select=")),
    ),
    Kind(
        "aggregates in spreads",
        "12.0.2 forgets to look there whether they are allowed.",
        every(answers(r"200 - > 400 PGRST123"), target(r"\.\.\.")),
    ),
    Kind(
        "now 500",
        "A row that is upserted twice, a definition that is no good, limits.",
        answers(r"400 (21000|42P17) > 500 \1", r"413 54001 > 500 54001", r"503 53400 > 500 53400"),
    ),
    Kind(
        "order of checks",
        "The schema is looked at before the query string.",
        answers(r"400 PGRST100 > 406 PGRST106"),
    ),
)

#: The same errors in other words.
WORDS = (
    Kind("words: singular", "", words("PGRST116", "message", "details")),
    Kind("words: unknown column", "", words("PGRST204", "message")),
    Kind("words: unknown schema", "", words("PGRST106", "message", "hint")),
    Kind(
        "words: tokens",
        "",
        every(
            category("broken.token"),
            some(aspect("www-authenticate"), words("PGRST30[13]", "message", "details")),
        ),
    ),
    Kind("words: raise PGRST", "", words("PGRST121", "message", "details", "hint")),
    Kind("words: is", "", every(words("PGRST100", "details"), our_text("isVal"))),
    Kind(
        "words: close names",
        "Hints ask for more likeness.",
        every(words("PGRST20[025]", "hint"), their_text("Perhaps|null")),
    ),
    Kind(
        "words: bodies that are no rows",
        "12.0.2 makes an array of every body.",
        every(words("22023", "message"), target("columns=")),
    ),
    Kind("words: csv", "", every(words("PGRST102", "message"), header("content-type", "text/csv"))),
    Kind(
        "which of two wrong values",
        "PostgreSQL names the one that it meets first.",
        some(
            words(r"22\w{3}", "message", "details", "hint"),
            every(words("42883", "message"), same_sentence),
        ),
    ),
)

#: What no protocol promises.
OPEN = (
    Kind(
        "plans",
        "Statements differ, so do their plans and what they took.",
        every(our_type("application/vnd.pgrst.plan"), aspect("body", "body.bytes")),
    ),
    Kind("openapi", "The document describes this gateway.", every(our_type("application/openapi"), aspect("body"))),
    Kind(
        "csv columns",
        "The first line names the columns that follow; embeds are written as JSON, not as jsonb.",
        every(our_type("text/csv"), aspect("body.bytes"), target("select=|^/(domains|profiles)")),
    ),
    Kind(
        "csv bodies",
        "A short record, an open quote are mistakes; a byte order mark is none.",
        every(
            category("broken.body"),
            header("content-type", "text/csv"),
            some(answers(r"201 - > 400 PGRST102", r"400 23502 > 400 PGRST102"), body(b"^\xef\xbb\xbf")),
        ),
    ),
    Kind(
        "order of rows",
        "None was asked for.",
        some(
            every(aspect("body.row order"), lambda d: not ROOT_ORDER.search(d.exchange.request.query)),
            every(aspect("body.embed order"), lambda d: d.exchange.request.query.count(".order=") < embeds_in(d)),
        ),
    ),
    Kind(
        "long locations",
        "A header that proxies would choke on is left out.",
        every(aspect("content-location"), our_text("^None$"), lambda difference: len(difference.reference) > 4096),
    ),
    Kind(
        "windows of handled calls",
        "What is not a set is one row, whatever its media type; 12.0.2 counts none.",
        every(answers(r"416 PGRST103 > 200 -"), target("^/rpc/any_")),
    ),
    Kind(
        "json arguments",
        "Those of a GET are JSON; 12.0.2 makes JSON strings of them.",
        every(aspect("body", "body.bytes"), method("GET"), target("^/rpc/kinds.*[?&](doc|docb)=")),
    ),
    Kind(
        "order of claims",
        "They are as the token has them, not sorted.",
        every(aspect("body", "body.bytes"), target("^/rpc/setting"), their_text("exp.*role.*sub")),
    ),
    Kind(
        "HEAD of calls",
        "Whether PostgreSQL runs a stable function whose result nobody reads is its own affair.",
        every(
            method("HEAD"),
            target("^/rpc/"),
            some(answers(r"200 - > [45]\d\d .*", r"[45]\d\d .* > 200 -"), aspect("content-range", "content-type")),
        ),
    ),
    Kind(
        "estimates of calls",
        "The count of a call stops after db-max-rows.",
        every(
            header("prefer", "count=estimated"),
            target("^/rpc/"),
            some(aspect("content-range"), answers(r"20[06] - > (20[06] -|416 PGRST103)")),
        ),
    ),
    Kind(
        "which of two mistakes",
        "Of several values that are wrong PostgreSQL tells of the one that it meets first.",
        answers(
            r"400 (22\w{3}|42601) > 400 (22\w{3}|42601)", r"405 25006 > 400 22\w{3}", r"500 PGRST112 > 500 PGRST111"
        ),
    ),
    Kind(
        "values that nobody needs",
        "They are read when a row comes to them, or never; 12.0.2 reads all of them before the statement begins.",
        some(
            answers(r"400 (22\w\w\w|42601) > 20[046] -"),
            every(answers(r"400 0A000 > 200 -"), target("/rpc/unnamed_xml")),
        ),
    ),
    Kind(
        "plans of wrong calls",
        "Arguments of a GET are read when the statement is planned.",
        every(answers(r"200 - > 400 22\w\w\w"), target("^/rpc/"), header("accept", "pgrst.plan")),
    ),
    Kind(
        "empty headers",
        "An empty Accept or Content-Type is none.",
        every(
            category("broken.media"), some(header("accept", r"^,?$"), header("content-type", "^$")), aspect("answer")
        ),
    ),
)

KINDS: tuple[Kind, ...] = MENDED + STATUSES + WORDS + OPEN
