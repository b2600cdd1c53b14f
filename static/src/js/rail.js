// On a phone the menu is a dialog while it is open, and a dialog has a name; on a desktop it is only a place on the page.
const rail = document.getElementById("rail");

rail?.addEventListener("show.bs.offcanvas", () => rail.setAttribute("aria-label", rail.dataset.name));
rail?.addEventListener("hidden.bs.offcanvas", () => rail.removeAttribute("aria-label"));
