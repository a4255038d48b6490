"""What the queries of several tables share, as pieces of SQL."""

COMPANY = (
    "case when service_type = 'fhvhv' and hvfhs_license_number in ('HV0002', 'HV0003', 'HV0004', 'HV0005')"
    " then hvfhs_license_number else service_type end"
)
FROM = "coalesce(pickup_location_id, 264) as pickup_location_id"
TO = "coalesce(dropoff_location_id, 264) as dropoff_location_id"
MONTH = "month_of(pickup_at) as pickup_month"
NAMES = "select company_id, company_name from companies"
OWN = "(service_type, pickup_month) in (select distinct service_type, file_month from raw)"


def sums(*names: str) -> str:
    """Sums of money, under the names of the columns."""
    return ", ".join(f"sum({name})::decimal(18, 2) as {name}" for name in names)


def totals(*names: str) -> str:
    """Sums of whole numbers, under the names of the columns."""
    return ", ".join(f"sum({name})::bigint as {name}" for name in names)


def with_zones(relation: str, *ends: str) -> str:
    """The relation with the names of its zones: borough and zone, or pickup_borough and so on."""
    names = ", ".join(
        f"{end}.borough as {p}borough, {end}.zone as {p}zone" for end, p in zip(ends, _prefixes(ends), strict=True)
    )
    joins = " ".join(f"left join zones as {end} on {end}.id = r.{end}_location_id" for end in ends)
    return f"select r.*, {names} from ({relation}) as r {joins}"


def _prefixes(ends: tuple[str, ...]) -> list[str]:
    return [f"{end}_" if len(ends) > 1 else "" for end in ends]
