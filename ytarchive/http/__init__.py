"""The contracts over HTTP: server and client."""

from ytarchive.http.client import remote
from ytarchive.http.documents import CONTRACTS, errors_document, openapi_document
from ytarchive.http.guard import server_url
from ytarchive.http.listening import Listening, listen
from ytarchive.http.server import build_app
