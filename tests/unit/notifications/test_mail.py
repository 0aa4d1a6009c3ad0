import pytest

from partner_center.notifications.mail import Attachment, Mail, MailRefused

GOOD = {
    "message_id": "<a.1@ca.example.net>",
    "sender": "Partner Center <no-reply@ca.example.net>",
    "to": ("admin@example.com",),
    "reply_to": None,
    "subject": "Approval needed",
    "text": "Hello",
    "html": "<p>Hello</p>",
}


@pytest.mark.parametrize("breaking", ["\r", "\n", "\r\n", "\x00", "\x0b", "\x85", "\u2028", "\u2029", "\x7f"])
@pytest.mark.parametrize("place", ["sender", "to", "reply_to", "subject", "headers"])
def test_no_line_can_begin_inside_a_header_field(place, breaking):
    smuggled = f"x@example.com{breaking}Bcc: everybody@example.org"
    value = {"to": (smuggled,), "headers": (("X-Note", smuggled),)}.get(place, smuggled)
    with pytest.raises(MailRefused) as refused:
        Mail(**GOOD | {place: value})
    assert refused.value.reason == "header_invalid"


@pytest.mark.parametrize(
    "name",
    [
        "Bcc",
        "bcc",
        "TO",
        "From",
        "Content-Type",
        "content-transfer-encoding",
        "Message-ID",
        "X Y",
        "X:Y",
        "",
        "Ü",
    ],
)
def test_a_further_header_field_is_a_new_one(name):
    with pytest.raises(MailRefused):
        Mail(**GOOD | {"headers": ((name, "value"),)})


@pytest.mark.parametrize(
    "message_id",
    [
        "",
        "a.1@ca.example.net",
        "<a>",
        "<a b@c>",
        "<a@b>\r\nBcc: <x@y>",
        "<a@b> <c@d>",
        f"<{'a' * 300}@b>",
        "<ä@b>",
    ],
)
def test_a_message_id_is_one_id_in_angle_brackets(message_id):
    with pytest.raises(MailRefused) as refused:
        Mail(**GOOD | {"message_id": message_id})
    assert refused.value.reason == "message_id_invalid"


def test_a_mail_has_a_recipient():
    with pytest.raises(MailRefused) as refused:
        Mail(**GOOD | {"to": ()})
    assert refused.value.reason == "no_recipient"


@pytest.mark.parametrize(
    ("filename", "content_type"),
    [
        ("../../etc/passwd", "text/plain"),
        ("*.example.com.pem", "text/plain"),
        (".htaccess", "text/plain"),
        ("-rf", "text/plain"),
        ("a\r\nb.pem", "text/plain"),
        ('a".pem', "text/plain"),
        ("", "text/plain"),
        ("x" * 121, "text/plain"),
        ("a.pem", "text"),
        ("a.pem", "text/plain; name=b"),
        ("a.pem", "text/plain\r\nX: y"),
    ],
)
def test_an_attachment_has_a_plain_name_and_type(filename, content_type):
    with pytest.raises(MailRefused) as refused:
        Attachment(filename, content_type, b"")
    assert refused.value.reason == "attachment_invalid"
