"""Lists that may be had as CSV: who asks for it, and how a file that is not all of it says so."""

from urllib.parse import urlencode

from partner_center.entry.api import Answer, Request
from partner_center.kernel.errors import Malformed

_MEDIA_TYPE = "text/csv"


def wants_csv(request: Request) -> bool:
    """By `format`, or else by the Accept header when it names CSV and no JSON. Raises Malformed for other formats."""
    wanted = request.query.get("format")
    if wanted is None:
        accepted = {
            each.partition(";")[0].strip().lower() for each in request.headers.get("accept", "").split(",")
        }
        return _MEDIA_TYPE in accepted and "application/json" not in accepted
    if wanted not in {"json", "csv"}:
        raise Malformed("format is json or csv.")
    return wanted == "csv"


def csv_file(request: Request, filename: str, text: str, cursor: str | None) -> Answer:
    """The file. When there is more, a Link header names the next one (RFC 8288). `filename` is of our own making."""
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    if cursor is not None:
        query = urlencode({**request.query, "format": "csv", "cursor": cursor})
        headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return Answer(200, text, headers, f"{_MEDIA_TYPE}; charset=utf-8; header=present")
