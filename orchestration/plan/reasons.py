"""Why a plan does what it does: the values are for programs; orchestration/cli/sentences.py has the words."""

from enum import StrEnum


class Action(StrEnum):
    """What is to be done for a file month."""

    LAND = "land"
    """From its file on."""
    LAND_AGAIN = "land_again"
    """From its own object in the lake, since the source does not give its file."""
    BUILD = "build"
    """Both stores hold it; dbt and reconciling are missing."""
    RECONCILE = "reconcile"
    """Its tables were made by hand; reconciling is missing."""
    NOTHING = "nothing"
    WAIT = "wait"
    """It is suspect: a person has to look at it."""
    UNAVAILABLE = "unavailable"


class MonthReason(StrEnum):
    """Why a file month has its action."""

    NEW = "new"
    FORCED = "forced"
    INTERRUPTED = "interrupted"
    FILE_CHANGED = "file_changed"
    COLUMNS_CHANGED = "columns_changed"
    LANDED_ELSEWHERE = "landed_elsewhere"
    FAILED = "failed"
    ACCEPTED = "accepted"
    FORMER_FILE = "former_file"
    NOT_RECONCILED = "not_reconciled"
    DONE = "done"
    SUSPECT = "suspect"
    NOT_PUBLISHED = "not_published"
    SOURCE_UNAVAILABLE = "source_unavailable"
    GONE = "gone"
    REFUSED = "refused"
    KEPT_AGAIN = "kept_again"
    """By the setting postgres_keeps, Postgres holds the month, which it does not have."""


class BuildReason(StrEnum):
    """Why a warehouse builds file months."""

    LANDED = "landed"
    NEVER_BUILT = "never_built"
    RELATION_MISSING = "relation_missing"
    PROJECT_CHANGED = "project_changed"
    SETTINGS_CHANGED = "settings_changed"
    NOTHING_TO_COMPARE = "nothing_to_compare"
    """The project changed, and the manifest of the build before is not there to find out what."""


class StepReason(StrEnum):
    """Why a step is done that follows from others."""

    WORK_TO_COME = "work_to_come"
    BUILDS_TO_COME = "builds_to_come"
    TABLES_CHANGE = "tables_change"
    OLDER_THAN_KEPT = "older_than_kept"


class PublishReason(StrEnum):
    """Why the ledger is copied to BigQuery."""

    MONTHS_CHANGE = "months_change"
    COPY_IS_OLDER = "copy_is_older"


class Models(StrEnum):
    """Which of dbt's models a build makes: the selectors of dbt_taxi/selectors.yml, by name."""

    OF_MONTHS = "months"
    """Those that new months change."""
    CHANGED = "changed"
    """Those that differ from the last build, and all that depends on them."""
    OF_MONTHS_AND_CHANGED = "months_and_changed"
    ALL = "all"
