"""The connections: which device answers, how far it can be trusted, and what to do if it does not."""

from dash import html
from dash.development.base_component import Component

from layouts import _parts
from layouts._links import Connection, connection
from layouts._slots import Row, Rows, age, filled, keyed, slot
from layouts._words import NOTHING, ms, number, sentence, site_time
from mes.equipment import Device
from mes.link import Link, clock_words
from mes.snapshot import Snapshot

TITLE = "Connections"
ORDER = 3
PATH = "/connections"


def layout(now: Snapshot, id: str | None = None) -> Component:
    devices = now.plant.devices.values()
    cards = [_card(now, device) for device in devices]
    tree = _parts.page(
        now,
        "connections",
        _head(),
        html.Div(cards, className="links") if cards else _empty(),
        active="connections",
    )
    return filled(tree, rows(now), now_us=now.now_us)


def rows(now: Snapshot, id: str | None = None) -> Rows:
    found = [connection(now, device) for device in now.plant.devices.values()]
    ranked = sorted(found, key=lambda c: c.rank)
    out = {f"device:{c.device.id}": _row(c, now, order) for order, c in enumerate(ranked)}
    out["page"] = _page_row(found)
    return out


def _page_row(found: list[Connection]) -> Row:
    answer = sum(c.kind in ("live", "doubt") for c in found)
    told = [c.link.rate_per_s for c in found if c.link and c.kind in ("live", "doubt")]
    trouble = len(found) - sum(c.kind == "live" for c in found)
    return {
        "answering": str(answer),
        "of": f"of {len(found)} answer",
        "rate": number(sum(told), 1) if told else NOTHING,
        "trouble": str(trouble),
        "trouble_word": "needs a look" if trouble == 1 else "need a look",
        "@data-look": "run" if not trouble else "help" if answer == len(found) else "stop",
    }


def _row(c: Connection, now: Snapshot, order: int) -> Row:
    link, zone = c.link, now.plant.time_zone
    troubles = link.troubles if link and c.kind in ("live", "doubt") else {}
    skew_s = link.clock_skew_s if link else None
    flag = sentence(clock_words(skew_s))
    return {
        "@style": f"order:{order}",
        "@data-state": c.kind,
        "@data-look": c.look,
        "@data-stale-at": ms(c.stale_at_us),
        "word": c.word,
        "since": _since(link, now),
        "value@data-since": ms(link.last_value_us) if link else "",
        "answer@data-since": ms(link.last_answer_us) if link else "",
        "rate": number(link.rate_per_s, 1) if link else NOTHING,
        "gaps": number(link.gaps) if link else NOTHING,
        "skew": f"{skew_s:+.1f}".replace("-", "−") if skew_s is not None else NOTHING,
        "skew@data-flag": "yes" if flag else "no",
        "skew_words": "" if flag == c.meaning else flag,
        "meaning": c.meaning,
        "advice": c.advice,
        "raw": link.raw if link else "",
        "next": _next(link, now.now_us, zone),
        "troubles": "\n".join(f"{tag}: {words}" for tag, words in sorted(troubles.items())),
    }


def _since(link: Link | None, now: Snapshot) -> str:
    if link is None:
        return ""
    at = site_time(link.since_us, now_us=now.now_us, zone=now.plant.time_zone)
    return f"since {at}"


def _next(link: Link | None, now_us: int, zone: str) -> str:
    if link is None or link.next_try_us is None or link.state in ("live", "silent"):
        return ""
    at = site_time(link.next_try_us, now_us=now_us, zone=zone, seconds=True)
    tried = f", {link.attempts} in vain so far" if link.attempts else ""
    return f"next try at {at}{tried}"


def _head() -> Component:
    return keyed(
        "page",
        html.H1("Connections"),
        html.Span(
            [_parts.icon(), slot("answering", html.B), " ", slot("of")], className="head-chip"
        ),
        html.Span([slot("trouble", html.B), " ", slot("trouble_word")]),
        html.Span(className="grow"),
        html.Span([slot("rate", html.B), " values/s"]),
        className="head",
    )


def _card(now: Snapshot, device: Device) -> Component:
    names = [now.plant.work_units[id] for id in device.work_units if id in now.plant.work_units]
    units = [html.A(unit.name, href=f"/unit/{unit.id}") for unit in names]
    return keyed(
        f"device:{device.id}",
        html.Div(
            [
                html.Div(
                    [
                        html.H2(device.id),
                        html.Span([device.protocol, " · ", device.address], className="address"),
                    ]
                ),
                html.Div([_parts.chip("word"), slot("since", className="note")], className="said"),
            ],
            className="link-name",
        ),
        html.Div(
            [
                slot("meaning", html.P, className="meaning"),
                slot("advice", html.P, className="advice"),
                slot("skew_words", html.P, className="advice"),
                slot("troubles", html.P, className="troubles"),
                slot("raw", html.Code),
                slot("next", html.P, className="note"),
                html.P(["serves ", *_comma(units)], className="note serves"),
            ],
            className="link-words",
        ),
        html.Dl(
            [
                _fact("last value", age("value")),
                _fact("last answer", age("answer")),
                _fact("values/s", slot("rate")),
                _fact("gaps", slot("gaps")),
                _fact("clock off by, s", slot("skew")),
            ],
            className="link-facts",
        ),
        tag=html.Article,
        className="panel link",
        **{"data-device": device.id},
    )


def _comma(items: list[Component]) -> list[object]:
    out: list[object] = []
    for item in items:
        out += [", ", item] if out else [item]
    return out or ["no work unit"]


def _fact(label: str, value: Component) -> Component:
    return html.Div([html.Dt(label), html.Dd(value)])


def _empty() -> Component:
    return html.Section(
        [
            html.H2("No device is configured"),
            html.P("Each [[collectors.<protocol>]] section of the configuration is one device."),
        ],
        className="panel dead-end",
    )
