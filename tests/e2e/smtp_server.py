"""A real SMTP server (Debian's python3-aiosmtpd) for one test: STARTTLS before anything else, a
log-in before any mail. Says its port in its first line, then each mail as a line of JSON."""
import json
import signal
import socket
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos,
                          "tls": session.ssl is not None,
                          "user": getattr(session, "auth_data", None),
                          "data": envelope.content.decode("utf-8", "replace")}), flush=True)
        return "250 2.0.0 taken"


def authenticate(server, session, envelope, mechanism, auth_data):
    good = auth_data.login == b"ada" and auth_data.password == b"p4ss-word"
    if not good:
        return AuthResult(success=False, handled=False)
    return AuthResult(success=True, auth_data=auth_data.login.decode())


with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
controller = Controller(Handler(), hostname="127.0.0.1", port=port, tls_context=context,
                        require_starttls=True, auth_required=True, authenticator=authenticate,
                        server_kwargs={"auth_require_tls": True})
controller.start()
print(port, flush=True)
signal.pause()
