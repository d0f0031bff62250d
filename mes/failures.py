"""Which failures there were: how often a unit failed by each code, and how long that took to mend."""

from collections.abc import Mapping
from typing import NamedTuple

from mes.losses import Account
from mes.reliability import Reliability


class Code(NamedTuple):
    """What a failure goes by: the machine's fault code, and the id of the reason that it means or that
    people gave; "" for none.
    """

    fault: str
    reason: str


def by_code(account: Account) -> Mapping[Code, Reliability]:
    """Failures by code, those that took most time first; their sum is `account.reliability`, of the
    same operating time.
    """
    sums: dict[Code, tuple[int, int]] = {}
    for (_, fault, reason), one in account.failed.items():
        n, us = sums.get(code := Code(fault, reason), (0, 0))
        sums[code] = (n + one.failures, us + one.repair_us)
    ranked = sorted(sums.items(), key=lambda item: (-item[1][1], item[0]))
    return {
        code: Reliability(operating_s=account.apt_us / 1e6, repair_s=us / 1e6, failures=n)
        for code, (n, us) in ranked
    }
