"""`POST /batch`: requests in one transaction, all or none, later ones with what earlier ones answered."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from app.catalog.types import Name
from app.errors import AppError, refuse
from app.gateway.batch_items import Item, of_item, parse_items
from app.gateway.batch_references import Answers
from app.gateway.body_blocks import LARGE_BYTES
from app.gateway.engine import Engine
from app.gateway.errors import BAD_PATH, too_complex
from app.gateway.errors_beyond import BATCH_NOT_TEXT
from app.gateway.grammar import MAX_DEPTH, TooDeep
from app.gateway.media import JSON
from app.gateway.parse import Head, Route, choose_schema, parse_path
from app.gateway.preconditions import HEADER as IF_MATCH
from app.gateway.respond import BODILESS, Answer
from app.gateway.single import answer_one
from app.gateway.together import Together

NAME = "batch"
MEDIA_TYPE = b"application/vnd.relais.batch+json"
#: A few words may ask for all there is, again and again, and all of it is held until the last item.
_MOST_BYTES = 64 * 1024 * 1024


def is_batch(head: Head, route: Route, engine: Engine) -> bool:
    """Whether a write is a batch: a table of that name keeps its path, unless the body says what it is."""
    if route.kind != "table" or route.name != NAME or head.method != "POST":
        return False
    if head.headers.get(b"content-type", b"").partition(b";")[0].strip().lower() == MEDIA_TYPE:
        return True
    schema, _ = choose_schema(head, engine.schemas, alias=engine.alias)
    return Name(schema, NAME) not in engine.catalog.tables


@dataclass(slots=True)
class Batch:
    """A batch that is to be carried out."""

    head: Head
    items: Sequence[Item]
    #: It takes long to read, so others are not to wait for it.
    is_large: bool = False
    #: The item under way; None: none is.
    at: int | None = None
    rows: int = 0

    @classmethod
    async def of(cls, head: Head, body: bytes, engine: Engine) -> "Batch":
        """A batch as it came."""
        most = engine.settings.max_batch_items
        if len(body) <= LARGE_BYTES:
            return cls(head, parse_items(body, most))
        return cls(head, await asyncio.to_thread(parse_items, body, most), is_large=True)

    @property
    def is_conditional(self) -> bool:
        """Whether some item wants its row to be as it was."""
        return any(IF_MATCH in item.headers for item in self.items)

    async def answer(self, one: Together) -> Answer:
        """Carry out all of it."""
        answers, parts = Answers(), list[bytes]()
        self.rows, length = 0, 0
        for number, item in enumerate(self.items):
            self.at = number
            if self.is_large or length > LARGE_BYTES:
                head, body = await asyncio.to_thread(self._resolved, item, answers)
            else:
                head, body = self._resolved(item, answers)
            route = parse_path(head.path)
            if route.kind == "root" or (route.name == NAME and is_batch(head, route, one.engine)):
                raise refuse(BAD_PATH)
            done = await answer_one(one, head, route, body)
            self.rows += done.rows
            answer = done.answer.without_body() if done.answer.status in BODILESS else done.answer
            length += len(answer.body)
            if length > _MOST_BYTES:
                raise too_complex("Bytes of the answers", _MOST_BYTES)
            told = answer.body if done.is_json and answer.body else None
            answers.bodies.append(told)
            parts.append(_part(answer, told))
        self.at = None
        await one.settle()
        body = b"[" + b",".join(parts) + b"]"
        return Answer(200, [(b"content-type", JSON.encode()), (b"content-length", b"%d" % len(body))], body)

    def _resolved(self, item: Item, answers: Answers) -> tuple[Head, bytes]:
        return item.head(self.head, answers.resolved), item.bytes_of_body(answers.resolved)

    def blamed(self, error: AppError | TooDeep) -> AppError:
        """An error, with the item that it is about."""
        told = too_complex("Nesting", MAX_DEPTH) if isinstance(error, TooDeep) else error
        return told if self.at is None else of_item(told, self.at)


def _part(answer: Answer, told: bytes | None) -> bytes:
    headers: dict[str, str] = {}
    for name, value in answer.headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        if key != "content-length":
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
    if told is not None:
        body: object = orjson.Fragment(told)
    elif answer.body:
        try:
            body = bytes(answer.body).decode()
        except UnicodeDecodeError:
            raise refuse(BATCH_NOT_TEXT) from None
    else:
        body = None
    return orjson.dumps({"status": answer.status, "headers": headers, "body": body})
