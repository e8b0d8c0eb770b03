"""Settings of files that people upload."""

from pydantic import Field, SecretStr

from app.settings.group import Group, comma_separated
from app.settings.values import S3Url, Types


class FilesSettings(Group):
    """Files that people upload."""

    directory: str = Field(
        "",
        description="Where files lie, and where they are written while they come in. Unset: `files` in the data"
        " directory.",
    )
    max_bytes: int = Field(10 * 1024 * 1024, ge=1, le=5 * 1024**3, description="Largest file; beyond it: 400.")
    types: Types = Field(
        "image/*,text/*,application/*,!application/x-msdownload,!application/x-executable,!application/x-mach-binary",
        description="Comma-separated types that are taken, by what files hold; `!` before those that are not.",
    )
    quota_bytes: int = Field(1024**3, ge=0, description="What the files of one user may come to; 0: no bound.")
    transfer_seconds: float = Field(600.0, ge=0.001, le=86400, description="Longest time a file may take in or out.")
    orphan_hours: float = Field(
        24.0, gt=0, le=87600, description="How long what is left over stays: bytes without a row, files of nothing."
    )
    s3_bucket: str = Field("", description="A bucket to keep files in, in place of the directory.")
    s3_endpoint: S3Url = Field("https://s3.amazonaws.com", description="Where the service of the bucket is.")
    s3_region: str = Field("us-east-1", min_length=1, description="Region that requests are signed for.")
    s3_prefix: str = Field("", pattern=r"^[A-Za-z0-9/._-]*$", description="Put before every key in the bucket.")
    s3_access_key: str = Field("", description="Who signs requests to the bucket.")
    s3_secret_key: SecretStr | None = Field(None, description="What signs them.")
    s3_timeout_seconds: float = Field(20.0, ge=0.001, le=600, description="Longest wait for the service of the bucket.")

    def allowed(self) -> tuple[str, ...]:
        """Patterns of the types that are taken."""
        return comma_separated(self.types)
