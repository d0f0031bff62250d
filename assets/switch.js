/* A shared tablet's page /switch: the pad writes into the PIN field, and a badge reader, which types like
 * a keyboard and ends with Enter, signs in wherever the focus is. Does nothing on any other page. */
(function () {
  "use strict";
  const form = document.getElementById("switch"), badge = document.getElementById("badge");
  if (!form || !badge) return;
  const WEDGE_MS = 35, LEAST = 4;      // a reader's keys follow one another faster than any finger's
  const pin = form.elements.pin;
  let read = "", last = 0;

  form.addEventListener("click", function (event) {
    const key = event.target.closest("[data-key-cap]");
    if (!key) return;
    const what = key.dataset.keyCap;
    pin.value = what === "clear" ? "" : (pin.value + what).slice(0, 8);
  });

  form.addEventListener("change", function (event) {
    if (event.target.name === "id") pin.value = "";
  });

  document.addEventListener("keydown", function (event) {
    const now = performance.now(), fast = now - last < WEDGE_MS;
    last = now;
    if (event.key === "Enter") {
      if (fast && read.length >= LEAST) {
        event.preventDefault();
        badge.elements.badge.value = read;
        read = "";
        badge.requestSubmit();
      }
      return;
    }
    if (event.key.length !== 1) return;
    read = fast ? read + event.key : event.key;
    if (!fast && /^[0-9]$/.test(event.key) && document.activeElement !== pin) {
      pin.value = (pin.value + event.key).slice(0, 8);      // a number row without the field in focus
    }
  }, true);
})();
