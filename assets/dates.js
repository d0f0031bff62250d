/* Dates are typed as YYYY-MM-DD, in every browser's language alike; the browser's own calendar opens beside
 * them (input.pick, right after the field), and writes what is chosen there as it is typed here. */
(function () {
  "use strict";
  const field = (pick) => pick.previousElementSibling;

  document.addEventListener("pointerdown", function (event) {
    const pick = event.target;
    if (pick instanceof Element && pick.matches("input.pick")) pick.value = field(pick).value.trim().replace(" ", "T");    // "" where it is no date
  });

  document.addEventListener("change", function (event) {
    const pick = event.target;
    if (!pick.matches("input.pick")) return;
    field(pick).value = pick.value.replace("T", " ");
    field(pick).dispatchEvent(new Event("input", {bubbles: true}));
    field(pick).focus();
  });

  document.documentElement.classList.add("has-picks");
})();
