"""`reference/er.svg`: the tables, their key columns and what they refer to, drawn from a migrated database.

References to the tenant are left out: every tenant-owned table has one, and lines that go everywhere say nothing.
The picture has a ground of its own, so that it can be read on a light page and on a dark one.
"""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from docs.writers.database import Database, Table, read_database
from docs.writers.declarations import declarations
from docs.writers.er_layout import BOX_WIDTH, HEAD, Box, Label, Picture, Placed, Row, Trunk, lay_out

TENANT: Final = "tenant_id"
COLOURS: Final = (
    *("#3b7dd8", "#d9772b", "#2e9e6b", "#b8508a", "#8661c9", "#98851c", "#c94b4b", "#2399ad"),
    *("#6f9a20", "#4f62d0", "#a8643a", "#80868f"),
)
STYLE: Final = """\
  svg { --paper: #ffffff; --box: #f6f7f9; --head: #e6e9ee; --edge: #aab2bd; --ink: #1c2128; --soft: #5c6673; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #171a1f; --box: #20252c; --head: #2d343d; --edge: #4d5763; --ink: #e8ebef; --soft: #a3adb8; }
  }
  text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink); }
  .paper { fill: var(--paper); }
  .box { fill: var(--box); stroke: var(--edge); }
  .head { fill: var(--head); }
  .name, .band { font-weight: 600; }
  .band { font-size: 16px; }
  .topic, .more, .to { fill: var(--soft); }
  .topic { font-weight: 600; }
  .to, .more { font-size: 11px; }
  .key { font-weight: 600; }
  .line { fill: none; stroke-width: 1.6; stroke-linecap: round; }
"""


def er_picture(admin_url: str) -> str:
    """The picture of the database that this URL reaches as its owner."""
    return draw_er_picture(read_database(admin_url))


def draw_er_picture(database: Database) -> str:
    """The picture of a database that has been read."""
    return _svg(lay_out(_boxes(database)))


def _boxes(database: Database) -> Mapping[str, list[Box]]:
    """Every declared table as a box, by schema: the core's first, then in the order of their files."""
    tables = {table.full_name: table for table in database.tables}
    names = {table.oid: table.full_name for table in database.tables}
    found: dict[str, list[Box]] = {}
    for name, declaration in declarations().items():
        table = tables[name]
        rows = tuple(_rows(table, names))
        found.setdefault(table.schema, []).append(Box(name, declaration.topic, rows, len(table.columns) - len(rows)))
    return dict(sorted(found.items(), key=lambda item: (item[0] != "relais", item[0])))


def _rows(table: Table, names: Mapping[int, str]) -> Iterator[Row]:
    keys: set[str] = set()
    targets: dict[str, str] = {}
    for constraint in table.constraints:
        columns = _own(constraint)
        if constraint["kind"] == "p":
            keys.update(columns)
        elif constraint["kind"] == "f" and columns:
            targets[columns[-1]] = names[constraint["target"]]
    for column in table.columns:
        name = column["name"]
        if name in keys or name in targets:
            yield Row(name, name in keys, targets.get(name))


def _own(constraint: Mapping[str, Any]) -> list[str]:
    return [name for name in constraint["columns"] if name != TENANT]


def _svg(picture: Picture) -> str:
    colours = {trunk.target: COLOURS[number % len(COLOURS)] for number, trunk in enumerate(picture.trunks)}
    size = f'width="{picture.width:g}" height="{picture.height:g}" viewBox="0 0 {picture.width:g} {picture.height:g}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="Tables and their references">',
        f"<style>\n{STYLE}</style>",
        '<rect class="paper" width="100%" height="100%"/>',
        *(piece for trunk in picture.trunks for piece in _trunk(trunk, colours[trunk.target])),
        *map(_label, picture.labels),
        *(piece for placed in picture.boxes for piece in _box(placed, colours)),
        *(_tip(trunk, colours[trunk.target]) for trunk in picture.trunks),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _trunk(trunk: Trunk, colour: str) -> Iterator[str]:
    path = " ".join(f"M{x1:g} {y1:g}L{x2:g} {y2:g}" for x1, y1, x2, y2 in trunk.pieces)
    yield f'<path class="line" stroke="{colour}" d="{path}"/>'
    for x, y in trunk.joints:
        yield f'<circle cx="{x:g}" cy="{y:g}" r="2.6" fill="{colour}"/>'


def _tip(trunk: Trunk, colour: str) -> str:
    x, y = trunk.tip
    return f'<path fill="{colour}" d="M{x:g} {y:g}l-9 -5v10z"/>'


def _label(label: Label) -> str:
    kind = "band" if label.is_band else "topic"
    text = f"schema {label.text}" if label.is_band else label.text
    return f'<text class="{kind}" x="{label.x:g}" y="{label.y:g}">{escape(text)}</text>'


def _box(placed: Placed, colours: Mapping[str, str]) -> Iterator[str]:
    x, y, box = placed.x, placed.y, placed.box
    frame = f'x="{x:g}" y="{y:g}" width="{BOX_WIDTH:g}"'
    yield f'<rect class="box" {frame} height="{box.height:g}" rx="4"/>'
    inside = f'x="{x + 0.5:g}" y="{y + 0.5:g}" width="{BOX_WIDTH - 1:g}"'
    yield f'<rect class="head" {inside} height="{HEAD - 2:g}" rx="3.5"/>'
    mark = f' style="fill: {colours[box.name]}"' if box.name in colours else ""
    yield f'<text class="name" x="{x + 10:g}" y="{y + 17:g}"{mark}>{escape(box.name.partition(".")[2])}</text>'
    for number, row in enumerate(box.rows):
        yield from _row(row, x, placed.row_y(number) + 4, colours)
    if box.more:
        yield f'<text class="more" x="{x + 10:g}" y="{placed.row_y(len(box.rows)) + 4:g}">and {box.more} more</text>'


def _row(row: Row, x: float, y: float, colours: Mapping[str, str]) -> Iterator[str]:
    kind = ' class="key"' if row.is_key else ""
    yield f'<text{kind} x="{x + 10:g}" y="{y:g}">{escape(row.column)}</text>'
    if row.target:
        name = escape(row.target.partition(".")[2])
        place = f'x="{x + BOX_WIDTH - 10:g}" y="{y:g}" text-anchor="end"'
        yield f'<text class="to" {place} style="fill: {colours[row.target]}">{name}</text>'
