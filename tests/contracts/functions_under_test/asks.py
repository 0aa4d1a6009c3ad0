"""A function that asks the perspectives, wired as any function of the application is."""

from partner_center.entry.wiring.perspectives import perspectives
from partner_center.validation.dns import RecordType
from partner_center.validation.looks import RecordsLook


def handler(event, context):
    """The TXT records of a name, by perspective."""
    views = perspectives().ask([RecordsLook(event["name"], RecordType.TXT)])
    return {
        view.perspective_id: view.trouble or [text.decode() for text in view.sightings[0].answer.octets]
        for view in views
    }
