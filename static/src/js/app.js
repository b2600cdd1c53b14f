// Every page's behaviour. All of it is an addition: without scripts each form and link still works.
import "bootstrap/js/src/offcanvas.js";
import "htmx.org/dist/htmx.esm.js";
import "./csrf.js";
import "./drop-files.js";
import "./drops.js";
import "./leave.js";
import "./preferences.js";
import "./rail.js";
import { drawCharts } from "./figures.js";

drawCharts();
document.addEventListener("htmx:after:swap", drawCharts);
