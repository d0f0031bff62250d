/* Keeps what is typed into a form with data-draft="<form>" for the person who is signed in, and puts it
 * back when he comes again: on a shared tablet people take turns in the middle of things. Passwords and
 * hidden fields are never kept. A form that was sent has no draft any more. */
(function () {
  "use strict";
  const WAIT_MS = 400, known = new WeakSet();
  const address = (form) => "/api/v1/drafts/" + encodeURIComponent(form.dataset.draft);
  const kept = (el) => el.name && !["password", "hidden", "file", "submit", "button"].includes(el.type);

  function fields(form) {
    const out = {};
    for (const el of form.elements) {
      if (!kept(el)) continue;
      if (el.type === "checkbox" || el.type === "radio") { if (el.checked) out[el.name + "=" + el.value] = "on"; }
      else if (el.value !== el.defaultValue && el.value !== "") out[el.name] = el.value;
    }
    return out;
  }

  function keep(form, what, last) {
    return fetch(address(form), {method: "PUT", headers: {"Content-Type": "application/json"}, keepalive: last,
      body: JSON.stringify({fields: what})}).catch(function () {});
  }

  async function begin(form) {
    known.add(form);
    let soon = 0;
    form.addEventListener("input", function () {
      clearTimeout(soon);
      soon = setTimeout(function () { soon = 0; keep(form, fields(form), false); }, WAIT_MS);
    });
    form.addEventListener("submit", function () { clearTimeout(soon); soon = 0; keep(form, {}, true); });
    window.addEventListener("pagehide", function () { if (soon) keep(form, fields(form), true); });
    try {
      const answer = await fetch(address(form), {cache: "no-store"});
      if (!answer.ok) return;
      const found = (await answer.json()).fields;
      if (!Object.keys(found).length) return;
      for (const el of form.elements) {
        if (!kept(el)) continue;
        if (el.type === "checkbox" || el.type === "radio") el.checked = found[el.name + "=" + el.value] === "on";
        else if (found[el.name] !== undefined) {
          el.value = found[el.name];
          if (el.closest("details")) el.closest("details").open = true;    // nothing is sent that nobody sees
        }
      }
      form.dataset.restored = "yes";
    } catch (error) { /* Takt is away: the form is as it came */ }
  }

  function look() {
    for (const form of document.querySelectorAll("form[data-draft]")) if (!known.has(form)) begin(form);
  }
  look();
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
})();
