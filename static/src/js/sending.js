// A form marked data-sending shows how far its files are on their way. Where anything goes wrong, the form is sent as it always was.
for (const form of document.querySelectorAll("form[data-sending]")) {
  const line = form.querySelector("[data-sending-line]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    const button = form.querySelector('button[type="submit"]');
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (one) => {
      if (!one.lengthComputable) return;
      const share = Math.round((100 * one.loaded) / one.total);
      line.querySelector("progress").value = share;
      line.querySelector("[role=status]").textContent = `${form.dataset.sending} ${share} %`;
    });
    request.addEventListener("load", () => {
      if (request.status < 300 && request.responseURL && request.responseURL !== form.action) location.assign(request.responseURL);
      else form.submit();
    });
    request.addEventListener("error", () => form.submit());
    line.hidden = false;
    button.disabled = true;
    request.send(new FormData(form));
  });
}
