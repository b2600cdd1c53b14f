// A form marked data-drop-files takes files that are dropped on it, says what was chosen, and says so before a send that is too large.
const said = (form) => form.querySelector("[data-drop-said]");

function tell(form) {
  const files = [...form.querySelector('input[type="file"]').files];
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const tooLarge = bytes > Number(form.dataset.limit) * 1024 * 1024;
  const size = new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(bytes / 1024 / 1024);
  said(form).textContent = tooLarge ? form.dataset.tooLarge : files.length > 3 ? `${files.length} · ${size}` : `${files.map((file) => file.name).join(", ")} · ${size}`;
  said(form).classList.toggle("too-large", tooLarge);
  form.querySelector('button[type="submit"]').disabled = tooLarge;
}

for (const form of document.querySelectorAll("form[data-drop-files]")) {
  const input = form.querySelector('input[type="file"]');
  input.addEventListener("change", () => tell(form));
  for (const name of ["dragenter", "dragover"]) form.addEventListener(name, (event) => { event.preventDefault(); form.classList.add("dragging"); });
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("dragging"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    tell(form);
  });
}
