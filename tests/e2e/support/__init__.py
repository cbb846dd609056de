"""What the end-to-end and acceptance tests are made of: the real binary, real Node apps, clients that count."""

from .app import App, apps
from .client import Client, Response, curl, get, http_get
from .dns import Dns
from .frontdoor import Frontdoor, pool, sanitized
from .load import FixedRate, kept_its_pace, lost, wrk, wrk_report
from .main import binary, main, quick, say
from .ports import free_port
from .process import eventually
from .upgradable import Upgradable
from .websocket import WebSocketClient

__all__ = ["App", "Client", "Dns", "FixedRate", "Frontdoor", "Response", "Upgradable", "WebSocketClient", "apps", "binary", "curl",
           "eventually", "free_port", "get", "http_get", "kept_its_pace", "lost", "main", "pool", "quick", "sanitized", "say", "wrk", "wrk_report"]
