"""What agents and people say, name and draw stays text: nothing runs, nothing is loaded, and the page goes on."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.console.attacks import HEAVY, MARKUP, NAME
from tests.console.conftest import Visits
from tests.console.seen import box, conversation, enter, tasks
from tests.console.talking import PATIENCE_MS, say
from tests.console.visiting import Visit, shoot
from tests.live.serving import Serving, serving

ATTACKS = "tests.console.attacks"
AGENTS = f"puntini,heavy={ATTACKS}:heavy,markup={ATTACKS}:markup,names={ATTACKS}:names"
WATCH = """
window.longest = 0
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longest = Math.max(longest, duration)
}).observe({ type: "longtask", buffered: true })
"""
LONGEST_MS = 4_000
"""How long a page may be deaf for the worst that an agent says; many times of what it takes on a quiet machine."""
GESTURES_SECONDS = 15.0
FRAMES = """() => new Promise((done) => {
  let before = performance.now(), longest = 0, left = 30
  const frame = (now) => {
    longest = Math.max(longest, now - before)
    before = now
    if (left--) requestAnimationFrame(frame)
    else done(longest)
  }
  requestAnimationFrame(frame)
})"""
FOREIGN_ELEMENTS = (
    "img, script, iframe, frame, object, embed, portal, form, input, style, link, meta, base, svg, math, template,"
    " video, audio, details, dialog, marquee, [style], [id], [name], [srcset], [ping], [background], [formaction]"
)
HANDLERS = """(all) => all.flatMap((element) => [...element.attributes])
  .filter(({ name, value }) => name.startsWith("on") || /^\\s*(javascript|data|vbscript|file|blob):/i.test(value))
  .map(({ name, value }) => `${name}=${value}`)"""


@pytest.fixture(scope="module")
def hosting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server whose agents mean harm."""
    with serving(tmp_path_factory.mktemp("hostile"), agent=AGENTS, model="offline", store="memory:") as running:
        yield running


@pytest.fixture
def victim(hosting: Serving, visits: Visits) -> Iterator[Visit]:
    """Somebody who looks at it all; at the end nothing has run in any of their tabs."""
    visit = visits(hosting)
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    visit.context.on("dialog", dismiss)
    visit.context.add_init_script(WATCH)
    yield visit
    for page in visit.context.pages:
        require_untouched(page)
    assert dialogs == []


def require_untouched(page: Page) -> None:
    """Raises AssertionError when anything ran, or is ready to."""
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("Object.prototype.polluted ?? {}['<b>'] ?? null") is None
    assert page.locator("body *").evaluate_all(HANDLERS) == []
    assert page.evaluate("document.querySelectorAll('main').length") == 1
    assert page.locator("[src]:not(script), iframe, object, embed").count() == 0


def answer(page: Page) -> Locator:
    """What the agent said last."""
    return conversation(page).get_by_role("article").last


def test_markup_in_an_answer_stays_text(hosting: Serving, victim: Visit) -> None:
    session = hosting.create(agent="markup")
    page = enter(victim, session)
    say(page, MARKUP)
    for _ in ("as it comes", "after a reload"):
        expect(answer(page)).to_contain_text("the end, unclosed", timeout=PATIENCE_MS)
        expect(tasks(page)).to_have_count(0)
        said = answer(page).locator(".markdown")
        assert said.locator(FOREIGN_ELEMENTS).evaluate_all("(all) => all.map((each) => each.outerHTML)") == []
        links = said.get_by_role("link").evaluate_all(
            "(all) => all.map(({ href, rel, target }) => [href, rel, target])"
        )
        assert {(rel, target) for _, rel, target in links} == {("noopener noreferrer", "_blank")}
        assert {href.partition(":")[0] for href, *_ in links} == {"http", "mailto"}
        for words in ("<script>window.pwned=1</script>", "<iframe src=", "<math><mtext>", "<style>*{display:none}"):
            expect(said).to_contain_text(words)
        asked = conversation(page).get_by_role("article", name="You")
        asked.get_by_role("button", name="Show all").click()
        expect(asked).to_contain_text("<plaintext><script>")
        require_untouched(page)
        shoot(page, "hostile-markup")
        page.reload()


def test_names_titles_and_values_stay_text(hosting: Serving, victim: Visit) -> None:
    session = hosting.create(agent="names", title=NAME[:200])
    hosting.finish(hosting.play(session, NAME))
    page = enter(victim, session)
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=")
    conversation(page).locator(".deeds > summary").click()
    expect(conversation(page)).to_contain_text("RuntimeError: <img src=")
    for each in conversation(page).locator("details details > summary").all():
        each.click()
    shoot(page, "hostile-names")

    expect(page.get_by_role("toolbar", name="Graph")).to_contain_text("8 nodes, 8 edges")
    page.get_by_role("application").focus()
    for key in ("ArrowRight", "Enter", "Tab"):
        page.keyboard.press(key)
    page.get_by_role("button", name="List").click()
    for each in page.get_by_role("region", name="Nodes").get_by_role("button").all():
        each.click()
        expect(page.get_by_role("complementary").get_by_role("textbox", name="__proto__")).to_have_value(NAME)
    page.get_by_role("button", name="List").click()
    page.get_by_role("combobox", name="Search the graph").fill("<img")
    expect(page.get_by_role("listbox", name="Nodes found").get_by_role("option").first).to_contain_text("<img")

    page.get_by_role("tab", name="Events").click()
    rows = page.get_by_role("listbox", name="Events")
    expect(rows.get_by_role("option").first).to_be_visible(timeout=PATIENCE_MS)
    rows.focus()
    page.keyboard.press("Home")
    for event in hosting.events(session):
        shown = page.get_by_role("region", name=f"Event {event['type']}").get_by_label("JSON", exact=True)
        assert json.loads(shown.text_content() or "") == event
        page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="One event back").click()
    expect(page.get_by_text("This is the past.")).to_be_visible()
    shoot(page, "hostile-events")


@pytest.mark.slow
def test_titles_templates_and_agents_stay_text_on_every_page(hosting: Serving, victim: Visit, tmp_path: Path) -> None:
    title = NAME[:110]
    hosting.create(title=f"\u202e{title}\u202e")
    about = {"name": "Evil", "role": NAME, "capabilities": [NAME], "reason": NAME, "instructions": NAME}
    hosting.ask("POST", "/v1/agents", about).raise_for_status()
    file = tmp_path / "<img src=x onerror=window.pwned=1>.json"
    task = {"id": "first", "title": title, "description": NAME}
    file.write_text(json.dumps({"title": title, "description": NAME, "tasks": [task]}), encoding="utf-8")

    page = victim.open()
    expect(page.get_by_role("link", name=title).first).to_be_visible()
    page.get_by_role("button", name=f"Delete {title}").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(f"“{title}” goes with its whole log")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.goto(f"{hosting.url}/#/templates?do=create")
    page.get_by_label("A template's file").set_input_files(file)
    expect(page.get_by_label("Title").first).to_have_value(title)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_label("Tasks", exact=True)).to_contain_text("<img src=")
    require_untouched(page)
    for place in ("agents", "agents/Evil", "tasks", "templates", "documents", "analytics?view=trending"):
        page.goto(f"{hosting.url}/#/{place}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text("Loading")).to_have_count(0)
        require_untouched(page)
    shoot(page, "hostile-pages")


@pytest.mark.slow
def test_a_page_that_is_told_too_much_goes_on(hosting: Serving, victim: Visit) -> None:
    page = victim.open()
    for name, text in HEAVY.items():
        session = hosting.create(agent="heavy")
        page.goto(f"{hosting.url}/#/sessions/{session}")
        expect(page.get_by_role("button", name="Live")).to_be_visible(timeout=PATIENCE_MS)
        page.evaluate("longest = 0")
        hosting.play(session, name)
        expect(answer(page).get_by_role("button", name="Copy the answer")).to_be_visible(timeout=PATIENCE_MS)
        box(page).fill("I can still write.")
        expect(page.get_by_role("button", name="Send", exact=True)).to_be_enabled()
        assert page.evaluate("longest") < LONGEST_MS, name
        shown = answer(page).locator(".markdown").evaluate("(each) => each.textContent.length")
        assert shown > len(text) / 10, name


@pytest.mark.slow
def test_a_graph_of_two_thousand_nodes_stays_usable(hosting: Serving, victim: Visit) -> None:
    session = hosting.create(agent="puntini")
    for part in range(4):
        numbers = range(part * 500, part * 500 + 500)
        nodes = [{"id": f"n{at}", "label": f"Kind {at % 7}", "key": f"Thing {at}", "props": {}} for at in numbers]
        edges = [{"id": f"e{at}", "label": "NEAR", "source": f"n{at}", "target": f"n{at // 2}"} for at in numbers]
        delta = [{"action": "add_node", "node": node} for node in nodes]
        delta += [{"action": "add_edge", "edge": edge} for edge in edges]
        hosting.command(session, "graph_edit", base_version=part, delta=delta)
    page = enter(victim, session)
    expect(page.get_by_role("toolbar", name="Graph")).to_contain_text("2000 nodes, 2000 edges", timeout=PATIENCE_MS)
    drawing = page.get_by_role("application", name="Graph of 2000 nodes and 2000 edges")
    fit = page.get_by_role("button", name="Fit", exact=True)
    expect(fit).to_be_enabled()

    began = time.monotonic()
    where = drawing.bounding_box()
    assert where is not None
    x, y = where["x"] + where["width"] / 2, where["y"] + where["height"] / 2
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    page.mouse.move(where["x"] + 12, where["y"] + where["height"] - 12)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(where["x"] + 12 + 10 * step, where["y"] + where["height"] - 12 - 5 * step)
    page.mouse.up()
    drawing.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("-")
    assert page.evaluate(FRAMES) < LONGEST_MS
    fit.click()
    page.get_by_role("combobox", name="Search the graph").fill("Thing 1999")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Thing 1999")).to_be_visible()
    took = time.monotonic() - began
    shoot(page, "hostile-large-graph")
    assert took < GESTURES_SECONDS, took
