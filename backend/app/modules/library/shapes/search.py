"""What a search answers."""

from pydantic import BaseModel

from app.answers import Meta
from app.modules.library.shapes.resources import Resource


class Highlights(BaseModel):
    """Texts of a resource with what was found between ⟦ and ⟧. They are no HTML: escape them before showing them."""

    title: str
    description: str
    readme: str | None


class Hit(Resource):
    """A resource that was found."""

    rank: float
    highlights: Highlights


class FacetValue(BaseModel):
    """How many of all that was found have a value."""

    value: str
    count: int


class Facets(BaseModel):
    """The twenty most frequent values of each kind, the most frequent first."""

    category: list[FacetValue]
    tag: list[FacetValue]
    type: list[FacetValue]


class SearchResult(BaseModel):
    """A page of what was found, the best first."""

    data: list[Hit]
    meta: Meta
    facets: Facets
