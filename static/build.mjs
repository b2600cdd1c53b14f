// Builds static/dist from static/src: hashed names, a manifest, precompressed copies, one sprite of the icons in use.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const source = join(here, "src");
const target = join(here, "dist");
const making = join(here, `.dist-${process.pid}`);
const icons = join(root, "node_modules", "bootstrap-icons", "icons");

async function textsUnder(folder, endings) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)));
  return Promise.all(files.map((entry) => readFile(join(entry.parentPath ?? entry.path, entry.name), "utf8")));
}

// An icon is used where a template says icon('name') or Python says icon="name".
async function sprite() {
  const texts = [...(await textsUnder(join(root, "templates"), [".html"])), ...(await textsUnder(join(root, "portal"), [".py"]))];
  const used = new Set(texts.flatMap((text) => [...text.matchAll(/icon(?:\(|=)\s*['"]([a-z0-9-]+)['"]/g)].map((match) => match[1])));
  const symbols = [];
  for (const name of [...used].sort()) {
    const file = join(icons, `${name}.svg`);
    if (!existsSync(file)) throw new Error(`there is no icon named ${name} in bootstrap-icons`);
    const svg = await readFile(file, "utf8");
    const body = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").trim();
    symbols.push(`<symbol id="${name}" viewBox="0 0 16 16" fill="currentColor">${body}</symbol>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

// Bootstrap's rules for classes that no page ever has are left out: they are four fifths of it, and a phone reads every byte before
// it paints. A class counts as in use where its name stands anywhere as a word; rules for elements alone stay.
const bootstrap = {
  name: "bootstrap",
  setup(build) {
    build.onLoad({ filter: /bootstrap\.min\.css$/ }, async ({ path }) => {
      const own = [...(await textsUnder(join(root, "templates"), [".html"])), ...(await textsUnder(join(root, "portal"), [".py"])), ...(await textsUnder(source, [".js"]))];
      const offcanvas = ["offcanvas.js", "util/backdrop.js", "util/scrollbar.js"].map((name) => readFile(join(root, "node_modules", "bootstrap", "js", "src", name), "utf8"));
      const words = new Set([...own, ...(await Promise.all(offcanvas))].flatMap((text) => text.match(/[A-Za-z][\w-]*/g) ?? []));
      return { contents: thinned(await readFile(path, "utf8"), words), loader: "css" };
    });
  },
};

// A style sheet (minified, comments only at its beginning) without the selectors that name a class outside `words`.
function thinned(css, words) {
  let out = "";
  let at = 0;
  css = css.replace(/\/\*[\s\S]*?\*\//g, "");
  while (at < css.length) {
    const open = css.indexOf("{", at);
    if (open < 0) return out + css.slice(at);
    const head = css.slice(at, open).replace(/^[\s\S]*;/, (statements) => ((out += statements), ""));
    const close = closing(css, open);
    const body = css.slice(open + 1, close);
    if (/^@(media|supports)/.test(head)) {
      const inside = thinned(body, words);
      if (inside) out += `${head}{${inside}}`;
    } else {
      const asked = (selector) => selector.replace(/:not\([^)]*\)/g, "").match(/\.[A-Za-z][\w-]*/g) ?? [];
      const inUse = (selector) => asked(selector).every((name) => words.has(name.slice(1)));
      const kept = head.startsWith("@") ? head : head.split(/,(?![^(]*\))/).filter(inUse).join(",");
      if (kept) out += `${kept}{${body}}`;
    }
    at = close + 1;
  }
  return out;
}

// Where the block that opens at a place closes.
function closing(css, open) {
  for (let at = open, depth = 0; at < css.length; at += 1) {
    if (css[at] === "{") depth += 1;
    if (css[at] === "}" && (depth -= 1) === 0) return at;
  }
  throw new Error("a block of the style sheet does not end");
}

async function put(name, content) {
  const digest = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const dot = name.lastIndexOf(".");
  const hashed = `${name.slice(0, dot)}-${digest}${name.slice(dot)}`;
  await writeFile(join(making, hashed), content);
  return hashed;
}

await mkdir(making, { recursive: true });
try {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["theme.js", "app.js", "charts.js"].map((name) => join(source, "js", name)).concat(join(source, "css", "app.css")),
    nodePaths: [join(root, "node_modules")],
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome100", "firefox100", "safari15"],
    legalComments: "none",
    outdir: making,
    outbase: source,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    metafile: true,
    plugins: [bootstrap],
    logLevel: "warning",
  });
  const manifest = {};
  for (const [path, output] of Object.entries(metafile.outputs)) {
    if (output.entryPoint) manifest[output.entryPoint.split("/").pop()] = path.split("/").pop();
  }
  manifest["icons.svg"] = await put("icons.svg", await sprite());
  manifest["favicon.svg"] = await put("favicon.svg", await readFile(join(source, "favicon.svg")));
  for (const name of await readdir(making)) {
    const content = await readFile(join(making, name));
    await writeFile(join(making, `${name}.br`), brotliCompressSync(content));
    await writeFile(join(making, `${name}.gz`), gzipSync(content, { level: 9 }));
  }
  await writeFile(join(making, "manifest.json"), JSON.stringify(manifest, null, 1));
  await rm(target, { recursive: true, force: true });
  await rename(making, target);
} finally {
  await rm(making, { recursive: true, force: true });
}
