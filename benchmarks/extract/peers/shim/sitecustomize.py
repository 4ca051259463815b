"""Sends what a peer addresses to Salesforce's own hosts, or to https, to the stand-in: no peer is edited."""

import os

STANDIN = os.environ.get("SF_STANDIN")

if STANDIN:
    import requests.sessions

    HOSTS = (
        "https://login.salesforce.com",
        "https://test.salesforce.com",
        STANDIN.replace("http://", "https://", 1),
    )
    _prepare = requests.sessions.Session.prepare_request

    def prepare_request(self, request):  # noqa: ANN001, ANN201 - as requests has it
        """Prepare a request with another host, and as often as it is asked."""
        for host in HOSTS:
            if request.url.startswith(host):
                request.url = STANDIN + request.url[len(host) :]
        return _prepare(self, request)

    requests.sessions.Session.prepare_request = prepare_request
