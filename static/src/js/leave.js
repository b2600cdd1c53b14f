// A form marked data-guard asks before typed text is lost.
let dirty = false;

document.addEventListener("input", (event) => {
  if (event.target.closest("form[data-guard]")) dirty = true;
});
document.addEventListener("submit", () => { dirty = false; });
window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
