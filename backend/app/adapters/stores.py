"""The storage that settings ask for."""

from pathlib import Path

from app.adapters.s3 import Bucket, S3Storage
from app.adapters.sigv4 import Credentials
from app.adapters.storage import INCOMING, DiskStorage, Storage
from app.settings import Settings


def storage_for(settings: Settings) -> Storage:
    """A bucket if one is named, otherwise a directory. Nothing is opened before the first file."""
    files = settings.files
    directory = Path(files.directory) if files.directory else settings.data_dir / "files"
    if not files.s3_bucket:
        return DiskStorage(directory)
    assert files.s3_secret_key is not None, "settings name a bucket with its keys or not at all"
    prefix = files.s3_prefix.strip("/")
    bucket = Bucket(files.s3_endpoint, files.s3_bucket, f"{prefix}/" if prefix else "", files.s3_timeout_seconds)
    keys = Credentials(files.s3_access_key, files.s3_secret_key.get_secret_value(), files.s3_region)
    return S3Storage(bucket, keys, directory / INCOMING)
