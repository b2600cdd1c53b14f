// The theme changes at once; the server is told in the background.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-theme-switch]");
  const choice = event.submitter?.value;
  if (!form || !choice) return;
  event.preventDefault();
  document.documentElement.dataset.theme = choice;
  for (const button of form.querySelectorAll("button[name=theme]")) button.setAttribute("aria-pressed", String(button.value === choice));
  const body = new URLSearchParams(new FormData(form));
  body.set("theme", choice);
  await fetch(form.action, { method: "POST", body, redirect: "manual" });
});
