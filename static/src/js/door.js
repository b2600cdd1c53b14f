// The door on a phone. Without a network scans are kept here, each with its moment, and sent when there is one again; the camera reads QR
// codes where the browser can. Without this script the forms of the page work as any others.
const ROOM = document.querySelector("[data-door]");
const PATIENCE = 8000;
const EVERY = 15000;
const PART = 100;

if (ROOM) {
  const store = `door:${ROOM.dataset.door}`;
  const box = ROOM.querySelector("[data-door-kept]");
  const found = ROOM.querySelector("[data-door-found]");
  const BARE = "doorOffline" in ROOM.dataset; // the page that a phone kept: it asks nothing, and makes way as soon as there is a network
  let busy = false;

  const kept = () => JSON.parse(localStorage.getItem(store) ?? "[]");
  const keep = (scans) => {
    if (scans.length) localStorage.setItem(store, JSON.stringify(scans));
    else localStorage.removeItem(store);
    box.hidden = !scans.length;
    box.querySelector("[data-door-number]").textContent = scans.length;
  };
  const token = () => document.querySelector('meta[name="csrf-token"]').content;
  const number = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (one) => one.toString(16).padStart(2, "0")).join("");
  const cleaned = (code) => code.toUpperCase().replace(/^JUYUAN:/, "").replace(/[^A-Z0-9]/g, "");

  // Whoever looks at the guest hears the answer: one rising tone for welcome, two low ones for everything else. The phone's own volume decides.
  let speaker = null;
  function sound(tone) {
    const notes = tone === "good" ? [[880, 0], [1320, 0.09]] : [[220, 0], [196, 0.18]];
    navigator.vibrate?.(tone === "good" ? 60 : [120, 60, 120]);
    try {
      speaker ??= new AudioContext();
      for (const [pitch, after] of notes) {
        const [voice, volume, begin] = [speaker.createOscillator(), speaker.createGain(), speaker.currentTime + after];
        voice.frequency.value = pitch;
        volume.gain.setValueAtTime(0.2, begin);
        volume.gain.exponentialRampToValueAtTime(0.001, begin + 0.15);
        voice.connect(volume).connect(speaker.destination);
        voice.start(begin);
        voice.stop(begin + 0.16);
      }
    } catch {
      // a phone without sound: the card says the same
    }
  }

  function say(tone, word, name) {
    const card = document.createElement("section");
    card.className = `card club-said ${tone}`;
    for (const [style, text] of [["club-said-word", word], ["club-said-name", name]]) {
      const line = document.createElement("p");
      line.className = style;
      line.textContent = text;
      if (text) card.append(line);
    }
    ROOM.querySelector("[data-door-said]").replaceChildren(card);
    sound(tone);
  }

  async function ask(path, form) {
    return fetch(path, { method: form ? "POST" : "GET", body: form, headers: form ? { "X-CSRFToken": token() } : {}, signal: AbortSignal.timeout(PATIENCE) });
  }

  function keepScan(form) {
    const code = cleaned(form.elements.code.value);
    const again = kept().some((one) => cleaned(one.code) === code);
    keep([...kept(), { code, at: new Date().toISOString(), desk: form.elements.desk.value, key: form.elements.scan.value }]);
    say("warn", again ? ROOM.dataset.again : ROOM.dataset.keeping, code);
  }

  // The answer of the server is a whole page: what changes is taken from it, so that the words stand in one place.
  function show(text) {
    const page = new DOMParser().parseFromString(text, "text/html").querySelector("[data-door]");
    if (!page) return location.reload();
    for (const name of ["said", "undo", "list"]) ROOM.querySelector(`[data-door-${name}]`).replaceChildren(...page.querySelector(`[data-door-${name}]`).childNodes);
    const answer = ROOM.querySelector(".club-said");
    if (answer) sound(answer.classList.contains("good") ? "good" : "warn");
    const lead = document.querySelector("[data-door-count]");
    lead.textContent = new DOMParser().parseFromString(text, "text/html").querySelector("[data-door-count]").textContent;
  }

  ROOM.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-door-scan]")) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    form.elements.scan.value = number();
    const asked = new FormData(form);
    try {
      if (BARE || !navigator.onLine) throw new TypeError("no network");
      const answer = await ask(form.action, asked);
      if (answer.status >= 500) throw new TypeError("no answer");
      show(await answer.text());
    } catch {
      keepScan(form);
    }
    busy = false;
    const field = ROOM.querySelector("#code");
    field.value = "";
    field.focus();
  });

  async function send() {
    const scans = kept().slice(0, PART);
    if (busy || !scans.length || !navigator.onLine) return;
    busy = true;
    try {
      const form = new FormData();
      form.set("scans", JSON.stringify(scans));
      const answer = await ask(ROOM.dataset.sendTo, form);
      if (answer.ok && !answer.redirected) {
        const { answers } = await answer.json();
        keep(kept().filter((one) => !(one.key in answers)));
        for (const said of Object.values(answers)) {
          const line = document.createElement("li");
          line.textContent = [said.name, said.word, said.more].filter(Boolean).join(" · ");
          line.className = said.tone;
          found.append(line);
        }
        found.closest("section").hidden = false;
      }
    } catch {
      // still no network: they stay here
    }
    busy = false;
  }

  // The bare page is kept by a worker that sees the door's addresses alone, with what it is drawn by.
  async function keepBarePage() {
    if (BARE || !navigator.serviceWorker) return;
    const { pathname } = new URL(ROOM.dataset.worker, location.href);
    await navigator.serviceWorker.register(pathname, { scope: pathname.replace("worker.js", "") });
    const drawn = performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname);
    const { active } = await navigator.serviceWorker.ready;
    active.postMessage([ROOM.dataset.offlinePage, ...new Set(drawn.filter((path) => path.includes("/static/")))]);
  }

  async function makeWay() {
    try {
      if (navigator.onLine && (await ask(ROOM.dataset.countAt)).status < 500) location.replace(location.pathname.replace(/\/offline$/, "")); // opened by its own address too
    } catch {
      // still no network
    }
  }

  async function look() {
    if (BARE) return makeWay();
    await send();
    if (document.hidden || !navigator.onLine) return;
    try {
      const answer = await ask(ROOM.dataset.countAt);
      if (answer.ok && !answer.redirected) {
        const { came, expected } = await answer.json();
        document.querySelector("[data-door-count]").textContent = `${came} / ${expected}`;
      }
    } catch {
      // the number stays as it was
    }
  }

  const camera = ROOM.querySelector("[data-door-camera]");
  if ("BarcodeDetector" in window && navigator.mediaDevices) {
    camera.hidden = false;
    camera.addEventListener("click", async () => {
      const film = ROOM.querySelector("video");
      const reader = new BarcodeDetector({ formats: ["qr_code"] });
      try {
        film.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch {
        return say("warn", ROOM.dataset.noCamera, "");
      }
      film.hidden = false;
      camera.hidden = true;
      await film.play();
      let last = "";
      setInterval(async () => {
        const [seen] = await reader.detect(film).catch(() => []);
        if (!seen || seen.rawValue === last) return;
        last = seen.rawValue; // the same ticket is read again only after another one
        ROOM.querySelector("#code").value = seen.rawValue;
        ROOM.querySelector("form[data-door-scan]").requestSubmit();
      }, 300);
    });
  }

  keep(kept());
  look();
  addEventListener("load", () => keepBarePage().catch(() => {})); // without it the page is as it was
  addEventListener("online", look);
  setInterval(look, EVERY);
}
