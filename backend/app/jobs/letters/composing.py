"""From a rendered letter to the message that travels: headers that nobody can add to, one address, two bodies."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, SMTPUTF8, default
from email.utils import parseaddr

from app.adapters.smtp import Envelope
from app.jobs.letters.rendering import Rendered, Unreadable

#: What an address is made of, as far as we write to it: no quoting, no routes, no servers by their number.
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?")
_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 253


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message is known by."""

    id: str
    recipient: str
    created_at: datetime
    #: Of this try.
    sent_at: datetime


def compose(facts: Facts, rendered: Rendered, sender: str) -> Envelope:
    """The message, or `Unreadable` if nothing can be written to its address."""
    name, address = parseaddr(sender)
    username, domain = _split(address)
    recipient = _split(facts.recipient)
    message = EmailMessage(policy=SMTP if recipient[0].isascii() else SMTPUTF8)
    message["From"] = Address(name, username, domain)
    message["To"] = Address("", *recipient)
    message["Subject"] = rendered.subject
    message["Date"] = facts.sent_at
    # The same at each try: whoever gets a message twice can tell.
    message["Message-ID"] = f"<{facts.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = rendered.language
    content = message.as_bytes()
    if BytesHeaderParser(policy=default).parsebytes(content).keys() != message.keys():
        raise Unreadable("Its headers would not be read as they were written")
    file_name = f"{facts.created_at:%Y%m%dT%H%M%S}-{facts.id}"
    return Envelope(f"{username}@{domain}", "@".join(recipient), content, file_name)


def domain_of(sender: str) -> str:
    """The domain that messages are from."""
    return _split(parseaddr(sender)[1])[1]


def _split(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if not (0 < len(local) <= _LONGEST_LOCAL and _LOCAL.fullmatch(local)):
        raise Unreadable("The recipient is no address that can be written to")
    if not (0 < len(domain) <= _LONGEST_DOMAIN and _DOMAIN.fullmatch(domain)) or domain.rpartition(".")[2].isdigit():
        raise Unreadable("The recipient is no address that can be written to")
    return local, domain
