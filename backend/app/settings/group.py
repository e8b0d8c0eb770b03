"""What the groups of settings share: their model, and how lists are written."""

from pydantic import BaseModel, ConfigDict


class Group(BaseModel):
    """Settings whose names begin alike."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def comma_separated(text: str) -> tuple[str, ...]:
    """The parts of a list, without the space around them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
