"""The reasons of a place that has none of its own: eight of the first level, as plants use them."""

from mes.reasons import Reason, ReasonTree

_BELOW = {
    ("breakdown", "Breakdown"): {
        "mechanical": "Mechanical", "electrical": "Electrical", "hydraulic": "Hydraulic, pneumatic",
        "control": "Control, sensor", "safety": "Safety circuit",
    },
    ("jam", "Jam"): {
        "feed_jam": "In the feed", "tool_jam": "In the tool", "discharge_jam": "In the discharge",
        "part_stuck": "Part stuck",
    },
    ("tool", "Tool"): {
        "tool_broken": "Broken", "tool_worn": "Worn", "tool_adjust": "Adjusted",
        "tool_missing": "Missing",
    },
    ("material", "Material"): {
        "no_material": "None there", "bad_material": "Bad material", "wrong_material": "Wrong material",
        "no_container": "No container",
    },
    ("quality", "Quality"): {
        "inspection": "Inspection", "rejects": "Too many rejects", "quality_hold": "On hold",
        "process": "Process adjusted",
    },
    ("people", "People"): {
        "no_operator": "No operator", "training": "Training", "meeting": "Meeting",
        "waiting_for_help": "Waiting for help",
    },
    ("planned", "Planned stop"): {
        "cleaning": "Cleaning", "inspection_plan": "Planned inspection", "trial": "Trial run",
        "no_order": "No order",
    },
    ("outside", "From outside"): {
        "power": "Power", "air": "Compressed air", "water": "Water, coolant", "it": "IT, network",
    },
}  # fmt: skip
FAILS = ("breakdown", "jam", "tool")  # the machine failed


def _usual() -> ReasonTree:
    reasons = []
    for (id, name), below in _BELOW.items():
        fails = id in FAILS
        reasons.append(Reason(id, name, fails=fails))
        reasons += [Reason(key, words, id, fails) for key, words in below.items()]
    return ReasonTree(reasons=tuple(reasons))


USUAL = _usual()
