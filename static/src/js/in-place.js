// One value that is changed where it stands (templates/parts/in_place.html): Enter saves, Esc leaves it as it was, and the focus is where
// the work goes on: in the form that opened (or was refused), in the form to which a choice leads, or back on the button. What was done is
// read out from a region that stays while the page around it is exchanged.
const said = document.createElement("div");
said.className = "visually-hidden";
said.setAttribute("role", "status");
document.body.append(said);

const asked = new WeakMap(); // which place a request is about, and whether it saves: told while its form still stands on the page

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const place = ctx.sourceElement.closest("[data-in-place]")?.id;
  if (place) asked.set(ctx, { place, saving: ctx.sourceElement.matches("form") });
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!asked.has(ctx)) return;
  const { place, saving } = asked.get(ctx);
  const box = document.getElementById(place);
  const field = box?.querySelector("select, input:not([type=hidden]), textarea");
  said.textContent = saving && !field ? document.getElementById("flashes").textContent.trim() : "";
  const busy = document.activeElement?.closest("[data-in-place] form");
  if (busy && busy.closest("[data-in-place]") !== box) return; // the next value is being changed already
  (field ?? document.querySelector("main [data-go-on]") ?? box?.querySelector("[data-edit], [role=alert]") ?? document.querySelector("main")).focus();
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
