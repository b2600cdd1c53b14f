// Every page's behaviour. All of it is an addition: without scripts each form and link still works.
import "bootstrap/js/src/offcanvas.js";
import "htmx.org/dist/htmx.esm.js";
import "./copy.js";
import "./csrf.js";
import "./days-grid.js";
import "./door.js";
import "./drop-files.js";
import "./drops.js";
import "./finder.js";
import "./in-place.js";
import "./leave.js";
import "./preferences.js";
import "./rail.js";
import "./rows.js";
import "./travel.js";
import "./sending.js";
import { drawCharts } from "./figures.js";

drawCharts();
document.addEventListener("htmx:after:swap", drawCharts);
