"""What the audit trail says: differences in words, the page, the file, and how it fails."""

import asyncio
import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from cli.settings import DEMO, settings
from dashboard.api import audit as audit_api
from dashboard.api import errors
from dashboard.api.methods import Heads
from dashboard.audit_page import _people
from dashboard.identity import WHO, Who
from dashboard.records import RecordsAway
from layouts import audit, audit_csv
from layouts._audit_words import command_words, difference_words, done_words, known_commands
from layouts._html import to_html
from mes.differences import differences
from mes.people import Person
from mes.records import AuditLine, Record, Signature
from mes.site_time import typed_us, zone_named
from mes.snapshot import Snapshot
from store.log.trail import Cursor, Page, cursor_of

PLANT = settings(DEMO).plant
ZONE = PLANT.time_zone
AT_US = 1_795_360_000_000_000  # 22 November 2026, 16:06:40 in Berlin
NOW = Snapshot(plant=PLANT, now_us=AT_US, views={}, links={})
LINE = AuditLine(
    position=7,
    line=0,
    at_us=AT_US,
    person="engineer",
    name="Elena Rossi",
    device="cell-1",
    command="SetPerson",
    kind="person",
    id="olga",
    places=("north/press-shop",),
    old={"name": "Olga", "active": True},
    new={"name": "Olga P", "active": False},
    reason="left",
    signatures=(Signature("quality", "Quynh Tran", "approved", AT_US),),
)


def shift(id, start="06:00", days=("mon", "tue")):
    return {"id": id, "name": id.title(), "days": list(days), "start": start, "breaks": []}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ["b: 2 → 3"]),
        ({"active": True}, {"active": 1}, ["active: yes → 1"]),
        ({"x": None}, {"x": "", "y": 0}, ["x: none → empty", "y: + 0"]),
        (None, {"name": "Olga", "roles": []}, ["name: + Olga", "roles: + none"]),
        ({"name": "Olga"}, None, ["name: − Olga"]),
        ({"roles": ["operator", "admin"]}, {"roles": ["admin", "quality"]},
         ["roles: − operator", "roles: + quality"]),
        ({"roles": ["a", "b"]}, {"roles": ["b", "a"]}, ["roles: a, b → b, a"]),
        ({"roles": ["a", "a"]}, {"roles": ["a"]}, ["roles: − a"]),
        ({"shifts": [shift("early")]}, {"shifts": [shift("early", "05:30", ("mon",))]},
         ["shifts › early › days: − tue", "shifts › early › start: 06:00 → 05:30"]),
        ({"shifts": [shift("early"), shift("late")]}, {"shifts": [shift("late")]},
         ["shifts › early: − id: early, name: Early, days: mon, tue, start: 06:00, breaks: none"]),
        (None, {"shifts": [shift("night", days=())]},
         ["shifts › night: + id: night, name: Night, days: none, start: 06:00, breaks: none"]),
        ({"shifts": [shift("a"), shift("b")]}, {"shifts": [shift("b"), shift("a")]}, None),
        ({"breaks": [{"name": "Break", "start": "09:00"}, {"name": "Break", "start": "12:00"}]},
         {"breaks": [{"name": "Break", "start": "09:00"}, {"name": "Break", "start": "12:30"}]},
         ["breaks › 12:00: − name: Break, start: 12:00", "breaks › 12:30: + name: Break, start: 12:30"]),
        ({"versions": [{"valid_from": None, "ideal_cycle_s": 6.0}]},
         {"versions": [{"valid_from": None, "ideal_cycle_s": 5.5}]},
         ["versions › from the beginning › ideal cycle [s]: 6.0 → 5.5"]),
        ({"expires_us": None}, {"expires_us": AT_US}, ["expires: none → 2026-11-22 16:06:40 CET"]),
        ({"valid_from": "2026-07-01T10:00:00Z"}, {"valid_from": "2026-11-22T15:06:40.000000Z"},
         ["valid from: 2026-07-01 12:00:00 CEST → 2026-11-22 16:06:40 CET"]),
    ],
)  # fmt: skip
def test_a_difference_in_words(old, new, words):
    found = [difference_words(one, ZONE) for one in differences(old, new)]
    if words is None:  # another order of what has a name
        assert len(found) == 1
        assert found[0].startswith("shifts: id: a")
    else:
        assert found == words


def test_what_was_done_in_words():
    assert done_words("SetPerson", None, {}) == "made"
    assert done_words("SetPerson", {}, {}) == "changed"
    assert done_words("RemovePerson", {}, None) == "removed"
    assert done_words("SetPassword", {}, {}) == "set the password"
    assert done_words("SetToken", {}, {}) == "changed"  # revoked, say
    assert done_words("StartJobOrder", None, None) == "start job order"
    assert {"SetMasterData", "RemoveHoliday", "SignedIn"} <= set(known_commands())
    assert len(set(map(command_words, known_commands()))) == len(known_commands())


def test_a_line_says_who_what_when_where_why_and_who_signed():
    text = to_html(audit.page(NOW, {}, [LINE], older="6-0"))
    for words in ("16:06:40 CET", "2026-11-22", "Elena Rossi", "engineer", "at cell-1", "changed",
                  "north/press-shop", "<del>Olga</del> → <ins>Olga P</ins>",
                  "<del>yes</del> → <ins>no</ins>", "left", "approved by <b>Quynh Tran</b> (quality), 2026-11-22 16:06",
                  'href="/audit?before=6-0"', "Export as CSV"):  # fmt: skip
        assert words in text, words


def test_what_people_typed_never_becomes_html():
    evil = '"><script>alert(1)</script>'
    body = {evil: [evil, {"name": evil}], "x": evil}
    line = replace(LINE, name=evil, person=evil, device=evil, kind=evil, id=evil, command=evil,
                   places=(evil,), old=body, new={"x": f"{evil}2"}, reason=evil,
                   signatures=(Signature(evil, evil, evil, 1),))  # fmt: skip
    asked = dict.fromkeys(audit.FIELDS, evil)
    text = to_html(audit.page(NOW, asked, [line], people=[(evil, evil)], newer=evil, older=evil,
                              said=evil))  # fmt: skip
    text += to_html(audit.page(NOW, asked, [line], people=[(evil, evil)], newer=evil, older=evil))
    text += to_html(audit.away(NOW, evil))
    assert "<script" not in text
    assert "alert(1)&lt;/script&gt;" in text


def test_the_page_keeps_what_was_searched_and_its_links_keep_it_too():
    asked = {"person": "eva", "kind": "person", "q": "a&b", "before": "9", "odd": "x"}
    text = to_html(audit.page(NOW, asked, [LINE], newer="8-0", older="7-0", looked_to_us=AT_US))
    assert 'value="eva"' in text
    assert '<option value="person" selected>' in text
    assert 'href="/api/v1/audit.csv?person=eva&amp;kind=person&amp;q=a%26b"' in text
    assert "person=eva&amp;kind=person&amp;q=a%26b&amp;after=8-0" in text
    assert "odd=" not in text
    assert "Looked back as far as 16:06" in text
    text = to_html(audit.page(NOW, asked, [], newer="8-0", looked_to_us=AT_US, forward=True))
    assert "Looked on as far as 16:06; there may be more after. “Newer” goes on" in text
    assert "Nothing fits this search as far as it was looked." in text


def test_where_somebody_acted_and_what_a_secret_changed() -> None:
    secret = replace(LINE, command="SetPin", device="password", old=LINE.new)
    text = to_html(audit.page(NOW, {}, [secret]))
    assert "by password" in text and "at password" not in text
    assert "set the PIN" in text and "as it was" not in text
    assert "as it was" in to_html(audit.page(NOW, {}, [replace(LINE, old=LINE.new)]))


def test_the_states_without_lines():
    assert "Nothing has been changed" in to_html(audit.page(NOW, {}, []))
    assert "Nothing fits this search" in to_html(audit.page(NOW, {"q": "x"}, []))
    for tree in (audit.refused(NOW), audit.away(NOW, "?q=x")):
        text = to_html(tree)
        assert 'id="live"' in text
        assert 'class="audit"' not in text
    assert 'href="/audit?q=x"' in to_html(audit.away(NOW, "?q=x"))
    assert "for supervisors, quality, managers and administrators" in to_html(audit.refused(NOW))


def rows(text):
    assert text.startswith(audit_csv.BOM)
    return list(csv.DictReader(io.StringIO(text.removeprefix(audit_csv.BOM), newline="")))


def test_a_line_of_the_file():
    text = audit_csv.head() + audit_csv.line(LINE, ZONE)
    (row,) = rows(text)
    assert row["time_utc"] == "2026-11-22T15:06:40.000000Z"
    assert row["time_site"] == "2026-11-22 16:06:40 CET"
    assert row["change"] == "name: Olga → Olga P\nactive: yes → no"
    assert row["signatures"] == "approved by Quynh Tran (quality), 2026-11-22 16:06:40 CET"
    assert row["old"] == '{"name":"Olga","active":true}'


@pytest.mark.parametrize(
    "evil",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", '=1","x', "\u00a0=1"],
)
def test_no_text_in_the_file_is_computed_by_a_spreadsheet(evil):
    line = replace(LINE, name=evil, person=evil, device=evil, id=evil, reason=evil, places=(evil,))
    (row,) = rows(audit_csv.head() + audit_csv.line(line, ZONE))
    for name in ("name", "person", "device", "id", "reason"):
        assert row[name] == f"'{evil}"
    assert row["position"] == "7"


def test_times_are_typed_with_an_offset_or_as_site_time():
    zone = zone_named(ZONE)
    assert typed_us("from", "2026-11-22T16:06:40", zone) == AT_US
    assert typed_us("from", "2026-11-22 16:06:40", zone) == AT_US
    assert typed_us("from", "2026-11-22T15:06:40Z", zone) == AT_US
    assert typed_us("from", "2026-11-22T16:06:40 01:00", zone) == AT_US  # "+" of an address
    assert typed_us("from", " ", zone) is None
    for wrong in ("yesterday", "9999-12-31T00:00", "2026-13-01"):
        with pytest.raises(ValueError, match="from: found"):
            typed_us("from", wrong, zone)


def test_places_in_the_trail_as_text():
    assert (cursor_of("12"), str(Cursor(12))) == (Cursor(12), "12")
    assert (cursor_of("12-3"), str(Cursor(12, 3))) == (Cursor(12, 3), "12-3")
    for wrong in ("", "-1", "a", "1-", "1-a", "1-2-3", "٣", "9" * 19, f"1-{1 << 31}"):
        with pytest.raises(ValueError, match="expected the position"):
            cursor_of(wrong)


class DeskOf:
    """Answers with one page after the other, and is away for an exception."""

    def __init__(self, *pages):
        self.pages = list(pages)

    async def read(self, _question):
        found = self.pages.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def ask(path, *pages, roles=("manager",), method="GET"):
    server = FastAPI()
    audit_api.register(server, DeskOf(*pages), PLANT)
    errors.register(server)
    server.add_middleware(Heads)
    person = Person(id="mara", name="Mara", roles=roles, scope=("north",))

    async def app(scope, receive, send):
        WHO.set(Who(person=person))
        await server(scope, receive, send)

    async def get():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://takt") as client:
            return await client.request(method, path)

    return asyncio.run(get())


def page_of(*positions, older=None):
    lines = tuple(replace(LINE, position=p) for p in positions)
    return Page(lines=lines, older=older)


def test_while_the_records_are_away_programs_are_told_so():
    for path in ("/api/v1/audit", "/api/v1/audit.csv"):
        answer = ask(path, RecordsAway("the records cannot be reached; nothing was done"))
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == str(errors.AGAIN_S)
        assert "cannot be reached" in answer.json()["error"]["message"]


def test_a_file_says_where_it_was_cut(monkeypatch):
    pages = [page_of(9, 8, older=Cursor(8, 0)), page_of(7, 6, older=Cursor(6, 0))]
    whole = ask("/api/v1/audit.csv", *pages, page_of(5))
    assert whole.headers["content-type"] == "text/csv; charset=utf-8"
    assert [r["position"] for r in rows(whole.text)] == ["9", "8", "7", "6", "5"]
    monkeypatch.setattr(audit_api, "EXPORT_MAX", 3)
    *kept, last = rows(ask("/api/v1/audit.csv", *pages).text)
    assert [r["position"] for r in kept] == ["9", "8", "7"]
    assert last["position"] == "CUT: 3 lines are in this file, more exist: before=7-0"
    away = ask("/api/v1/audit.csv", page_of(9, older=Cursor(9, 0)), RecordsAway()).text
    assert "cannot be reached; try again: before=9-0" in rows(away)[-1]["position"]


def test_who_has_not_the_right_is_refused():
    for path in ("/api/v1/audit", "/api/v1/audit.csv"):
        answer = ask(path, roles=("operator",))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def test_the_head_of_the_file_reads_no_line_of_it():
    head = ask("/api/v1/audit.csv", (9, b""), method="HEAD")  # the head of the log, and no page
    file = ask("/api/v1/audit.csv", page_of(9))
    assert (head.status_code, head.content, file.status_code) == (200, b"", 200)
    names = ("content-type", "cache-control")
    assert [head.headers[n] for n in names] == [file.headers[n] for n in names]
    assert head.headers["content-disposition"].startswith("attachment; filename=")
    assert ask("/api/v1/audit.csv", RecordsAway(), method="HEAD").status_code == 503
    assert ask("/api/v1/audit.csv", method="HEAD", roles=("operator",)).status_code == 403


def test_people_are_offered_to_who_may_see_all_of_them():
    known = SimpleNamespace(of=lambda _kind: [person_record("zoe"), person_record("anna")])
    doorway = SimpleNamespace(gate=SimpleNamespace(register=SimpleNamespace(known=known)))
    shown = [
        SimpleNamespace(person="olga", name="Olga"),
        SimpleNamespace(person="olga", name="Olga"),
    ]

    def offered(role, scope):
        asks = Who(person=Person(id="p", name="P", roles=(role,), scope=(scope,)))
        return [id for id, _ in _people(doorway, asks, "north", shown)]

    assert offered("admin", "north") == ["anna", "zoe"]
    assert offered("admin", "north/press-shop") == offered("supervisor", "north") == ["olga"]


def person_record(id):
    return Record(kind="person", id=id, version=1, body={"name": id}, by="x", at_us=1, position=1)
