"""The demo's resources: texts of the package `texts` read as sheets, and sheets made rows.

A text is a list of sheets under headings. `# Heading` names the category; a sheet is its title, a line
`tags | kind | language | licence`, and lines of description. `kind` is `link`, `repo` or the extension of a file;
`-` stands for nothing.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from app.modules.library.seeding.readmes import readme_of
from app.modules.library.seeding.records import Kind, Resource, Visibility
from app.modules.library.seeding.texts import craft, documents, matter, practice
from app.modules.library.seeding.writing import dice, identifier, moment_between

AGE_DAYS = 600
LINK, REPO = "link", "repo"
KINDS: dict[str, Kind] = {LINK: "external_link", REPO: "github_repo"}
#: Whom the sheets are for, in turn: mostly everybody.
VISIBILITIES: tuple[Visibility, ...] = (
    "public", "public", "public", "private", "public", "public", "shared_users", "public", "public", "shared_groups",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sheet:
    """A resource as it is written down in a text. `name` is what its identifier is made from."""

    name: str
    category: str
    title: str
    description: str
    tags: tuple[str, ...]
    kind: str
    language: str | None
    license: str | None

    @property
    def slug(self) -> str:
        """The title as part of an address."""
        plain = unicodedata.normalize("NFKD", self.title).encode("ascii", "ignore").decode()
        return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def resources(users: Sequence[UUID], today: datetime) -> list[Resource]:
    """Every sheet as a row, shared out among the users."""
    chance = dice("resources")
    sheets = [sheet for text in (documents, practice, craft, matter) for sheet in read(text.TEXT)]
    return [
        _resource(sheet, chance, today, owner=users[chance.randrange(len(users))], visibility=VISIBILITIES[turn % 10])
        for turn, sheet in enumerate(sheets)
    ]


def read(text: str) -> Iterator[Sheet]:
    """The sheets of a text."""
    category, count = "", 0
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.strip().splitlines()
        if lines[0].startswith("# "):
            category, count = lines[0].removeprefix("# "), 0
            continue
        count += 1
        yield _sheet(f"{category}:{count}", category, lines)


def _sheet(name: str, category: str, lines: list[str]) -> Sheet:
    title, facts, *description = lines
    tags, kind, language, licence = (part.strip() for part in facts.split("|"))
    return Sheet(
        name=name,
        category=category,
        title=title,
        description=" ".join(description),
        tags=tuple(tag.strip() for tag in tags.split(",")),
        kind=kind,
        language=None if language == "-" else language,
        license=None if licence == "-" else licence,
    )


def _resource(sheet: Sheet, chance: Random, today: datetime, *, owner: UUID, visibility: Visibility) -> Resource:
    created = moment_between(chance, today - timedelta(days=AGE_DAYS), today - timedelta(days=1))
    # A few resources draw most of the visits, as anywhere.
    views = int(40 * min(chance.paretovariate(1.2) - 1, 60)) + chance.randrange(12)
    is_file = sheet.kind not in KINDS
    file_name = f"{sheet.slug}.{sheet.kind}"
    return Resource(
        id=identifier("resource", sheet.name),
        user_id=owner,
        title=sheet.title,
        description=sheet.description,
        category=sheet.category,
        tags=sheet.tags,
        resource_type=KINDS.get(sheet.kind, "file_upload"),
        visibility=visibility,
        github_url=f"https://git.example.org/demo/{sheet.slug}" if sheet.kind == REPO else None,
        external_url=f"https://www.example.org/{sheet.slug}" if sheet.kind == LINK else None,
        file_path=f"demo/{file_name}" if is_file else None,
        file_url=f"https://files.example.org/demo/{file_name}" if is_file else None,
        file_size=str(chance.randrange(20_000, 9_000_000)) if is_file else None,
        language=sheet.language,
        license=sheet.license,
        readme=readme_of(sheet.title, sheet.description, sheet.slug, chance) if _has_readme(sheet) else None,
        downloads_count=views // 9 if is_file else 0,
        views_count=views,
        created_at=created,
        updated_at=moment_between(chance, created, today),
    )


def _has_readme(sheet: Sheet) -> bool:
    return sheet.kind in (REPO, "md", "yaml", "ipynb")
