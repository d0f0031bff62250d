"""Words for what goes wrong on the way to a device, whatever it speaks."""

import socket

from collectors import SourceUnavailable

CHECK_DEVICE = "Check that the device is on, its cable, and the address in config.toml."


def unreachable(error: BaseException, *, where: str, timeout_s: float) -> SourceUnavailable:
    """What `error` of a transport means, with advice; `where` is the address as a person types it."""
    match error:
        case TimeoutError():
            meaning = f"{where} did not answer within {timeout_s:g} s"
            advice = CHECK_DEVICE + " It may also be too busy to answer: look at the device itself."
        case ConnectionRefusedError():
            meaning = f"nothing answers at {where}"
            advice = (
                "Check that the device is on and its server runs, and the address in config.toml."
            )
        case socket.gaierror():
            meaning = f"the host name of {where} is not known on this network"
            advice = "Check the host name in config.toml, or write the IP address instead."
        case ConnectionError():
            meaning = f"the connection to {where} was cut"
            advice = CHECK_DEVICE
        case OSError():
            meaning = f"there is no way to {where} from this machine"
            advice = "Check this machine's network, the cable, and the address in config.toml."
        case _:
            meaning = f"the talk with {where} failed"
            advice = CHECK_DEVICE
    return SourceUnavailable(meaning, advice=advice)
