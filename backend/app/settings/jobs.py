"""How work in the background is done, and how long what it leaves is kept."""

from pydantic import Field

from app.settings.group import Group


class JobsSettings(Group):
    """The background worker."""

    concurrency: int = Field(10, ge=1, le=1000, description="Jobs that a worker runs at once.")
    timeout_seconds: float = Field(300.0, ge=0.001, le=86400, description="Longest time a job may run.")
    shutdown_seconds: float = Field(
        3.0, ge=0.001, le=86400, description="How long a stopping worker waits for jobs in flight."
    )
    attempts: int = Field(5, ge=1, le=100, description="How often a job is tried before it is given up and kept.")
    lease_seconds: float = Field(
        30.0, ge=0.1, le=3600, description="Time after which a job is another worker's, when its own has fallen silent."
    )
    view_window_seconds: int = Field(
        1800, ge=1, le=31536000, description="Views of a resource by one visitor within this time count as one."
    )


class RetentionSettings(Group):
    """Days after which the worker removes what has served its time."""

    sessions_days: int = Field(7, ge=0, le=36500, description="Sessions, after they ended.")
    changes_days: int = Field(1, ge=0, le=36500, description="Rows of the change log.")
    sign_ins_days: int = Field(90, ge=1, le=36500, description="Failed sign-ins in the audit log.")
    audit_days: int | None = Field(
        None,
        ge=1,
        le=36500,
        description="Everything else in the audit log, and who changed which right or setting. Unset: for good.",
    )
    jobs_days: int = Field(30, ge=8, le=36500, description="Jobs that were done. Those that were given up are kept.")
    notifications_days: int = Field(90, ge=1, le=36500, description="Notifications that were read.")
    analytics_days: int = Field(365, ge=8, le=36500, description="Analytics events; their daily counts are kept.")
