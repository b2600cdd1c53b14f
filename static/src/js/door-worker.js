// The door without a network: a page that was opened before opens again as a bare one, which keeps scans until there is a network. Nothing that
// a signed-in person saw is kept here: the bare page has the event's title and a form, and no token; everything else is asked of the server.
const SHELF = "door";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function keep(address) {
  const answer = await fetch(address);
  if (answer.ok && !answer.redirected) await (await caches.open(SHELF)).put(address, answer);
}

self.addEventListener("message", (event) => event.waitUntil(Promise.allSettled(event.data.map(keep))));

async function kept(address) {
  return (await caches.match(address, { ignoreVary: true })) ?? Response.error();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => kept(`${pathname}/offline`)));
  else if (pathname.includes("/static/")) event.respondWith(fetch(request).catch(() => kept(pathname)));
});
