/* A form that is sent while Takt cannot be reached would end on the browser's own page, and what was typed
 * would be gone. So it is asked first whether Takt is there; if not, the form says so and keeps everything.
 * Its key makes it count once, should it be sent again after all. */
(function () {
  "use strict";
  const WAIT_MS = 5000, WORDS = "Takt cannot be reached, so nothing was sent. What you typed still stands here: send it again in a moment.";
  let sure = false;
  const asking = new WeakSet();

  async function reached() {
    try { return (await fetch("/healthz", {cache: "no-store", signal: AbortSignal.timeout(WAIT_MS)})).ok; }
    catch (error) { return false; }
  }

  function say(form, words) {
    const before = form.querySelector(":scope > .say-so.unsent");
    if (before) before.remove();
    if (!words) return;
    const line = document.createElement("p"), icon = document.createElement("i"), text = document.createElement("span");
    line.className = "say-so unsent"; line.setAttribute("role", "alert"); line.dataset.look = "stop";
    icon.className = "ic"; icon.setAttribute("aria-hidden", "true");
    text.textContent = words;
    line.append(icon, text);
    form.append(line);
    line.scrollIntoView({block: "nearest"});
  }

  document.addEventListener("submit", async function (event) {
    const form = event.target, by = event.submitter;
    if (sure || form.method !== "post") return;
    event.preventDefault();
    event.stopImmediatePropagation();      // its draft stays until it is really sent
    if (asking.has(form)) return;
    asking.add(form);
    const there = await reached();
    asking.delete(form);
    say(form, there ? "" : WORDS);
    if (!there) return;
    sure = true;
    try { form.requestSubmit(by); } finally { sure = false; }
  }, true);
})();
