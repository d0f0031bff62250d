"""Keeps secrets out of the logs: tokens in addresses, credentials and cookies in headers."""

import logging
import re

_PARAMETER = re.compile(
    r"(?i)([?&;](?:device|link|token|access_token|id_token|refresh_token|code|state|key|api_key|secret"
    r"|client_secret|password|passwd|pwd|session|ticket)=)[^&\s\"'#;]+"
)
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-csrftoken|x-api-key)"
    r"(b?[\"']?\s*[:=,]\s*(?:b?[\"'])?)([^\r\n\"']+)"
)
_SCHEME = re.compile(r"(?i)\b(bearer\s+)[\w~+/.=-]{6,}|\b(basic\s+)[A-Za-z0-9+/]{12,}=*")
_ADDRESS = re.compile(r"(\b[a-z][\w+.-]*://[^/\s:@\"']*:)[^/\s@\"']+@")


def masked(text: str) -> str:
    """`text` with *** where a secret stood."""
    text = _PARAMETER.sub(r"\1***", text)
    text = _HEADER.sub(r"\1\2***", text)
    text = _SCHEME.sub(lambda m: f"{m[1] or m[2]}***", text)
    return _ADDRESS.sub(r"\1***@", text)


class Masking(logging.Formatter):
    """What `inner` makes of a record, its traceback included, without secrets."""

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        return masked(self._inner.format(record))


def mask_logs() -> None:
    """Have every handler of the root logger mask what it writes."""
    for handler in logging.getLogger().handlers:
        if not isinstance(handler.formatter, Masking):
            handler.setFormatter(Masking(handler.formatter))
    # It tells each address that is asked, in full.
    logging.getLogger("httpx").setLevel(logging.WARNING)
