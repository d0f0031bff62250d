"""What the errors of an OPC UA connection mean, and what to do about them."""

from collections.abc import Sequence

from asyncua import ua

from collectors import SourceRejected, SourceUnavailable
from collectors._opcua_values import status_words
from collectors._words import unreachable

_ADVICE = {
    "user": "Check user and password_file in config.toml, and the user's rights on the server.",
    "certificate": (
        "On the server, trust Takt's certificate (it is often in a folder 'rejected'); "
        "in config.toml, check certificate_file, private_key_file and server_certificate_file."
    ),
    "security": "Choose a `security` in config.toml that the server offers, or allow it there.",
    "endpoint": "Check the endpoint in config.toml against what the server calls itself.",
    "sessions": "Close other clients of the server, or allow it more sessions.",
}
_REFUSALS = {  # beginning of a status code's name → meaning, advice
    "BadUserAccessDenied": ("it denies this user", "user"),
    "BadIdentityToken": ("it does not accept this user and password", "user"),
    "BadCertificate": ("it does not trust the certificate", "certificate"),
    "BadSecurityChecksFailed": ("it does not trust the certificate", "certificate"),
    "BadNoValidCertificates": ("it does not trust the certificate", "certificate"),
    "BadSecurityPolicyRejected": ("it does not allow this kind of security", "security"),
    "BadSecurityModeRejected": ("it does not allow this kind of security", "security"),
}
_TROUBLES = {
    "BadTcpEndpointUrlInvalid": ("there is a server, but not this endpoint", "endpoint"),
    "BadTooManySessions": ("its server has no session left for us", "sessions"),
    "BadMaxConnectionsReached": ("its server has no connection left for us", "sessions"),
}


def explain(
    error: Exception, *, endpoint: str, timeout_s: float, secured: bool
) -> SourceUnavailable:
    """Say what `error`, raised while connecting or connected, means."""
    found: SourceUnavailable
    match error:
        case ua.UaStatusCodeError():
            found = _by_status(error, endpoint)
        case AssertionError() if secured:  # asyncua's: closed instead of answering a certificate
            meaning = f"{endpoint} turned us away: the certificates do not fit"
            found = SourceRejected(meaning, advice=_ADVICE["certificate"])
        case ua.UaError() if "No matching endpoints" in str(error):
            meaning = f"{endpoint} does not offer the kind of security asked for"
            found = SourceRejected(meaning, advice=_ADVICE["security"])
        case ua.UaError() if "certificate mismatch" in str(error):
            meaning = f"{endpoint} shows another certificate than server_certificate_file"
            found = SourceRejected(meaning, advice=_ADVICE["certificate"])
        case _:
            found = unreachable(error, where=endpoint, timeout_s=timeout_s)
            if secured and isinstance(error, TimeoutError | ConnectionResetError):
                # Many servers just fall silent, or hang up, on what they cannot decrypt.
                found.advice += " It may also not like the certificates: " + _ADVICE["certificate"]
    return found


def _by_status(error: ua.UaStatusCodeError, endpoint: str) -> SourceUnavailable:
    words = status_words(error.code)
    for name, (meaning, advice) in _REFUSALS.items():
        if words.startswith(name):
            return SourceRejected(f"{endpoint}: {meaning}", advice=_ADVICE[advice])
    for name, (meaning, advice) in _TROUBLES.items():
        if words.startswith(name):
            return SourceUnavailable(f"{endpoint}: {meaning}", advice=_ADVICE[advice])
    return SourceUnavailable(
        f"{endpoint} answered with an error: {words}", advice="Look at the server's own log."
    )


def unknown_namespace(uri: str, namespaces: Sequence[str], endpoint: str) -> SourceRejected:
    """The server lacks a namespace that nodes are configured in."""
    return SourceRejected(
        f"{endpoint} has no namespace {uri!r}; it has: {', '.join(namespaces)}",
        advice="Correct nsu=… of the tags in config.toml, or load the right program on the device.",
    )


def unreadable_file(name: str) -> SourceRejected:
    """A file that the settings name cannot be used."""
    return SourceRejected(
        f"{name} cannot be read", advice="Check the path in config.toml and who may read the file."
    )
