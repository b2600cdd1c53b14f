// One value that is changed where it stands: Enter saves, Esc leaves it as it was, and the focus is where the work goes on:
// in the form that opened (or was refused), or back on the button that opened it. What comes and goes is brought by htmx.
let place = "";

document.addEventListener("htmx:config:request", (event) => {
  place = event.detail.ctx.sourceElement.closest("[data-in-place]")?.id ?? "";
});

document.addEventListener("htmx:after:swap", () => {
  const box = place && document.getElementById(place);
  place = "";
  if (box) (box.querySelector("select, input:not([type=hidden]), textarea") ?? box.querySelector("[data-edit]"))?.focus();
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest("[data-in-place] form");
  if (!form || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    event.preventDefault();
    form.querySelector("[data-cancel]").click();
  } else if (event.key === "Enter" && event.target.matches("select")) { // not every browser sends a form from a list
    event.preventDefault();
    form.requestSubmit();
  }
});
