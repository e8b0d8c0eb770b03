"""Where everything is in the picture of the tables: boxes in columns, and one trunk of lines for each target.

A schema is a band of up to four columns; a topic (a file of declarations) keeps together. To the left of each column
runs a channel with a lane for each target; above each band a highway joins the channels, and along the left margin
the bands. Pure: tables in, places out, the same places for the same tables. Drawing is in `er_picture`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

BOX_WIDTH: Final = 252.0
HEAD: Final = 26.0
ROW: Final = 18.0
FOOT: Final = 6.0
GAP: Final = 16.0
TOPIC: Final = 24.0
LANE: Final = 10.0
MARGIN: Final = 22.0
BAND_TITLE: Final = 40.0
COLUMNS: Final = 4
WHOLE_TOPICS_MAY_COST: Final = 1.3


@dataclass(frozen=True, slots=True)
class Row:
    """A key column of a table: of its primary key, or a reference to another table."""

    column: str
    is_key: bool
    target: str | None


@dataclass(frozen=True, slots=True)
class Box:
    """A table, before it has a place."""

    name: str
    topic: str
    rows: tuple[Row, ...]
    more: int

    @property
    def height(self) -> float:
        """From its upper edge to its lower one."""
        return HEAD + ROW * (len(self.rows) + bool(self.more)) + FOOT


@dataclass(frozen=True, slots=True)
class Placed:
    """A box in its place."""

    box: Box
    band: int
    column: int
    x: float
    y: float

    def row_y(self, number: int) -> float:
        """The middle of a row."""
        return self.y + HEAD + ROW * (number + 0.5)


@dataclass(frozen=True, slots=True)
class Label:
    """A word at a place: of a schema or a topic."""

    text: str
    x: float
    y: float
    is_band: bool


@dataclass(frozen=True, slots=True)
class Trunk:
    """All lines to one table: straight pieces, joints where a reference joins, and the tip of the arrow."""

    target: str
    pieces: tuple[tuple[float, float, float, float], ...]
    joints: tuple[tuple[float, float], ...]
    tip: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything with its place."""

    width: float
    height: float
    labels: tuple[Label, ...]
    boxes: tuple[Placed, ...]
    trunks: tuple[Trunk, ...]


@dataclass(slots=True)
class _Band:
    """One schema: its columns of boxes, and which lanes its channels and its highway have."""

    schema: str
    columns: list[list[Box]]
    channels: list[list[str]] = field(default_factory=list[list[str]])
    highway: list[str] = field(default_factory=list[str])


def lay_out(schemas: Mapping[str, Sequence[Box]]) -> Picture:
    """The picture of these schemas, one below the other."""
    bands = [_Band(schema, _packed(boxes)) for schema, boxes in schemas.items()]
    homes = {box.name: number for number, band in enumerate(bands) for column in band.columns for box in column}
    for band in bands:
        band.channels = [_targets(column) for column in band.columns]
    across = _lanes(bands, homes)
    left = MARGIN + LANE * len(across)
    widths = [
        max((_channel_width(band, column) for band in bands if column < len(band.columns)), default=0.0)
        for column in range(COLUMNS)
    ]
    xs = [left + sum(widths[: column + 1]) + BOX_WIDTH * column for column in range(COLUMNS)]
    placed, labels, tops, height = _placed(bands, xs)
    trunks = tuple(_trunk(target, bands, placed, _Lanes(bands, across, xs, tops)) for target in _all_targets(bands))
    used = max(len(band.columns) for band in bands)
    return Picture(xs[used - 1] + BOX_WIDTH + MARGIN, height, tuple(labels), tuple(placed.values()), trunks)


def _packed(boxes: Sequence[Box]) -> list[list[Box]]:
    """Columns of the least height at which four are enough; topics are split only where that saves a lot."""
    split, whole = _least_height(boxes, splitting=True), _least_height(boxes, splitting=False)
    return split if _tallest(whole) > WHOLE_TOPICS_MAY_COST * _tallest(split) else whole


def _least_height(boxes: Sequence[Box], *, splitting: bool) -> list[list[Box]]:
    limit = max(box.height for box in boxes) + TOPIC + GAP
    while len(columns := _filled(boxes, limit, splitting=splitting)) > COLUMNS:
        limit += ROW
    return columns


def _filled(boxes: Sequence[Box], limit: float, *, splitting: bool) -> list[list[Box]]:
    columns: list[list[Box]] = []
    for topic in dict.fromkeys(box.topic for box in boxes):
        group = [box for box in boxes if box.topic == topic]
        if not columns or column_height([*columns[-1], *group]) > limit:
            columns.append([])
        for box in group:
            if splitting and columns[-1] and column_height([*columns[-1], box]) > limit:
                columns.append([])
            columns[-1].append(box)
    return columns


def _tallest(columns: Sequence[Sequence[Box]]) -> float:
    return max(map(column_height, columns))


def column_height(boxes: Sequence[Box]) -> float:
    """The height of boxes below each other, with a word above each topic."""
    return sum(box.height + GAP for box in boxes) + TOPIC * len({box.topic for box in boxes})


def _targets(boxes: Iterable[Box]) -> list[str]:
    return sorted({row.target for box in boxes for row in box.rows if row.target})


def _all_targets(bands: Sequence[_Band]) -> list[str]:
    return sorted({target for band in bands for column in band.columns for target in _targets(column)})


def _lanes(bands: Sequence[_Band], homes: Mapping[str, int]) -> list[str]:
    """Give every target a lane wherever its lines pass; those that pass from band to band."""
    across: list[str] = []
    for target in _all_targets(bands):
        home = homes[target]
        column = next(
            number for number, boxes in enumerate(bands[home].columns) if target in {box.name for box in boxes}
        )
        if target not in bands[home].channels[column]:
            bands[home].channels[column].append(target)
        users = [band for band in bands if any(target in channel for channel in band.channels)]
        for band in users:
            if len(users) > 1 or sum(target in channel for channel in band.channels) > 1:
                band.highway.append(target)
        if len(users) > 1:
            across.append(target)
    return across


def _channel_width(band: _Band, column: int) -> float:
    return 30.0 + LANE * len(band.channels[column])


def _placed(bands: Sequence[_Band], xs: Sequence[float]) -> tuple[dict[str, Placed], list[Label], list[float], float]:
    placed: dict[str, Placed] = {}
    labels: list[Label] = []
    tops: list[float] = []
    y = MARGIN
    for number, band in enumerate(bands):
        labels.append(Label(band.schema, xs[0], y + 14, is_band=True))
        tops.append(y + BAND_TITLE)
        top = y + BAND_TITLE + LANE * len(band.highway) + 6
        for column, boxes in enumerate(band.columns):
            at, topic = top, ""
            for box in boxes:
                if box.topic != topic:
                    topic = box.topic
                    labels.append(Label(topic, xs[column], at + TOPIC - 9, is_band=False))
                    at += TOPIC
                placed[box.name] = Placed(box, number, column, xs[column], at)
                at += box.height + GAP
        y = top + max(map(column_height, band.columns)) + GAP
    return placed, labels, tops, y


@dataclass(frozen=True, slots=True)
class _Lanes:
    """Where the lanes are, once boxes have their places."""

    bands: Sequence[_Band]
    across: Sequence[str]
    xs: Sequence[float]
    tops: Sequence[float]

    def channel(self, band: int, column: int, target: str) -> float:
        lanes = self.bands[band].channels[column]
        return self.xs[column] - 16 - LANE * (len(lanes) - lanes.index(target))

    def highway(self, band: int, target: str) -> float:
        return self.tops[band] + LANE * self.bands[band].highway.index(target)

    def margin(self, target: str) -> float:
        return MARGIN + LANE * self.across.index(target)


def _trunk(target: str, bands: Sequence[_Band], placed: Mapping[str, Placed], lanes: _Lanes) -> Trunk:
    home = placed[target]
    tip = (home.x, home.y + HEAD / 2)
    pieces: list[tuple[float, float, float, float]] = []
    joints: list[tuple[float, float]] = []
    crossings: list[float] = []
    for number, band in enumerate(bands):
        joined = [lanes.margin(target)] if target in lanes.across else []
        for column, channel in enumerate(band.channels):
            if target not in channel:
                continue
            x = lanes.channel(number, column, target)
            ys = _references(target, placed, number, column)
            joints += [(x, y) for y in ys]
            pieces += [(x, y, lanes.xs[column], y) for y in ys]
            if (home.band, home.column) == (number, column):
                pieces.append((x, tip[1], tip[0], tip[1]))
                ys.append(tip[1])
            if target in band.highway:
                ys.append(lanes.highway(number, target))
                joined.append(x)
            pieces.append((x, min(ys), x, max(ys)))
        if target in band.highway:
            y = lanes.highway(number, target)
            crossings.append(y)
            pieces.append((min(joined), y, max(joined), y))
    if target in lanes.across:
        pieces.append((lanes.margin(target), min(crossings), lanes.margin(target), max(crossings)))
    return Trunk(target, tuple(pieces), tuple(joints), tip)


def _references(target: str, placed: Mapping[str, Placed], band: int, column: int) -> list[float]:
    """The heights of the rows of this column that refer to the target."""
    return [
        item.row_y(number)
        for item in placed.values()
        if (item.band, item.column) == (band, column)
        for number, row in enumerate(item.box.rows)
        if row.target == target
    ]
