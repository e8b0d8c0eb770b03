"""What errors mean of what goes beyond the dialect."""

from collections.abc import Mapping
from typing import Final

OF_BEYOND: Final[Mapping[str, str]] = {
    "DATABASE_READ_ONLY": "PostgreSQL takes no writes at the moment: it is a standby, or was told so with"
    " `default_transaction_read_only`. Try again after `Retry-After`.",
}
