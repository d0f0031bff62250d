"""What belongs together is read together, though it takes several requests."""

from collectors import modbus
from collectors._modbus_blocks import BITS


class Machine:
    """Stands in for a device that goes from running to starved between two requests."""

    def __init__(self, turns):
        self.state, self.starved, self.power = 6, False, 1.0
        self.requests = 0
        self._turns = set(turns)

    async def read(self, block):
        self.requests += 1
        data = [int(self.starved)] if block.register in BITS else [self.state]
        if self.requests in self._turns:
            self.state, self.starved = (5, True) if self.state == 6 else (6, False)
        return data


def poller(told):
    settings = modbus.Settings.model_validate(
        {
            "id": "plc",
            "host": "127.0.0.1",
            "tags": [
                {"work_unit": "u", "name": "state", "register": "holding", "address": 0},
                {"work_unit": "u", "name": "starved", "register": "discrete", "address": 0},
            ],
        }
    )
    return modbus._Poller(settings, told.append)


async def polled(turns, polls=3):
    told = []
    one, machine = poller(told), Machine(turns)
    for _ in range(polls):
        await one.poll(machine)
    pairs, now = [], {}
    for news in told:
        now |= {o.tag: o.value for o in news}
        pairs.append((now["state"], now["starved"]))
    return pairs, machine.requests


async def test_a_state_is_never_told_with_the_flags_of_another():
    # the first poll takes four requests; the change comes within the second
    pairs, requests = await polled([5])
    assert pairs == [(6, False), (5, True), (5, True)]
    assert requests == 4 + 4 + 2


async def test_what_does_not_change_is_read_once():
    pairs, requests = await polled([])
    assert pairs == [(6, False)] * 3
    assert requests == 4 + 2 + 2
