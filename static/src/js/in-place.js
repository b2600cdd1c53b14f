// One value that is changed where it stands (templates/parts/in_place.html): Enter saves, Esc leaves it as it was, and the focus is where
// the work goes on: in the form that opened (or was refused), in the form to which a choice leads, or back on the button. What was done is
// read out from a region that stays while the page around it is exchanged.
let place = "";
let saving = false;
const said = document.createElement("div");
said.className = "visually-hidden";
said.setAttribute("role", "status");
document.body.append(said);

document.addEventListener("htmx:config:request", (event) => {
  const source = event.detail.ctx.sourceElement;
  place = source.closest("[data-in-place]")?.id ?? "";
  saving = source.matches("form");
});

document.addEventListener("htmx:after:swap", () => {
  if (!place) return;
  const box = document.getElementById(place);
  const field = box?.querySelector("select, input:not([type=hidden]), textarea");
  place = "";
  (field ?? document.querySelector("main [data-go-on]") ?? box?.querySelector("[data-edit], [role=alert]") ?? document.querySelector("main")).focus();
  said.textContent = saving && !field ? document.getElementById("flashes").textContent.trim() : "";
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest("[data-in-place] form");
  if (!form || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    event.preventDefault();
    form.querySelector("[data-cancel]").click();
  } else if (event.key === "Enter" && event.target.matches("select, input")) { // not every browser sends a form from a list or a day
    event.preventDefault();
    form.requestSubmit();
  }
});
