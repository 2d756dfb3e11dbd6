// Draws each panel beside the page and puts it in place of its picture. The panels are linked by
// the one list of provinces: every view is bound to it and hears of its changes.
const spec = JSON.parse(document.getElementById("spec").textContent);
const meta = spec.usermeta;
const root = document.documentElement;
const views = (globalThis.provexpoViews = {});
const parts = Object.fromEntries(spec.concat.map((part) => [part.name, part]));
Object.assign(parts, meta.alternatives);
const first = spec.params[0].value[0].code;
const chosen = () => select.value || first;

function make(tag, more, ...children) {
  const node = Object.assign(document.createElement(tag), more);
  node.append(...children);
  return node;
}

const { options, labels } = spec.params[0].bind.code;
const select = make("select", { id: "prov" });
options.forEach((code, i) => select.append(make("option", { value: code, textContent: labels[i] })));
select.value = first;
const said = make("p", { id: "selected" });
said.setAttribute("aria-live", "polite");
let shape = "map";

function namesOf(node, found = new Set()) {
  if (node && typeof node === "object") {
    if (node.data && node.data.name) found.add(node.data.name);
    Object.values(node).forEach((child) => namesOf(child, found));
  }
  return found;
}

// One panel by itself, as wide as its place: what one_panel does when the pictures are drawn.
function panelSpec(name, room) {
  const text = JSON.stringify(parts[name]);
  const part = JSON.parse(
    text.replaceAll(`${name}_width`, "width").replaceAll(`${name}_height`, "height"));
  const narrow = room < meta.narrow;
  const [width, height] = meta.sizes[name][narrow ? 1 : 0];
  delete part.title;
  if (part.vconcat) {
    part.vconcat.forEach((child) => Object.assign(child, { width: room - meta.months_axis, height }));
  } else {
    const high = name === "map" || name === "tiles" ? Math.round((room * height) / width) : height;
    Object.assign(part, { width: room, height: high, autosize: { type: "fit", contains: "padding" } });
    if (narrow) part.layer = part.layer.filter((x) => !(x.name || "").endsWith("_wide"));
  }
  const [pick, phone, ...bounds] = spec.params;
  const datasets = {};
  namesOf(part).forEach((key) => (datasets[key] = spec.datasets[key]));
  const bind = { code: { element: "#prov", event: "input" } };
  const params = [
    { ...pick, bind, value: [{ code: chosen() }], views: [`${name}_pick`] },
    { ...phone, value: narrow },
    ...bounds.filter((param) => param.name.startsWith(`${name}_`)),
  ];
  return {
    $schema: spec.$schema, background: "transparent", padding: 2, config: spec.config, datasets, params,
    description: meta.alt[name], ...part,
  };
}

async function draw(name, place) {
  const room = Math.floor(place.clientWidth) - 4;
  if (room < 100) return;
  const node = document.createElement("div");
  const options = { renderer: "svg", actions: false, ast: true };
  const made = await globalThis.vegaEmbed(node, panelSpec(name, room), options);
  const svg = node.querySelector("svg");
  svg.style.maxWidth = "100%";
  svg.style.height = "auto";
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", meta.alt[name]);
  svg.removeAttribute("aria-roledescription");
  svg.querySelectorAll("[aria-label], [role]").forEach((mark) =>
    ["role", "aria-label", "aria-roledescription", "aria-hidden"].forEach((a) => mark.removeAttribute(a)));
  const old = views[place.id];
  views[place.id] = made;
  views[name] = made.view;
  place.replaceChildren(node);
  place.dataset.room = String(room);
  if (old) old.finalize();
}

const places = () =>
  Object.keys(parts)
    .filter((name) => name !== "tiles")
    .map((name) => [name, document.getElementById(`panel-${name}`)])
    .filter(([, place]) => place);

const drawAll = () =>
  Promise.all(places().map(([name, place]) => draw(name === "map" ? shape : name, place)));

function tell() {
  const code = chosen();
  const name = meta.names[code];
  said.textContent = meta.says[code];
  for (const [panel, title] of Object.entries(meta.titles)) {
    const heading = document.querySelector(`[data-panel="${panel}"] h3`);
    if (heading && !heading.querySelector(".chosen-name"))
      heading.textContent = title.replace("{name}", () => name);
  }
  document.querySelectorAll(".chosen-name").forEach((node) => (node.textContent = name));
  document.querySelectorAll("[data-code]").forEach((node) =>
    node.classList.toggle("chosen", node.dataset.code === code));
}

function controls() {
  const box = document.getElementById("controls");
  if (!box) return;
  const kinds = ["map", "tiles"].map((kind) => {
    const radio = make("input", { type: "radio", name: "kind", value: kind, checked: kind === shape });
    radio.addEventListener("change", () => {
      shape = kind;
      draw(kind, document.getElementById("panel-map"));
    });
    return make("label", {}, radio, " " + meta.words[kind]);
  });
  box.replaceChildren(
    make("label", { htmlFor: "prov", textContent: meta.words.province }), " ", select);
  if (document.getElementById("panel-map") && meta.alternatives.tiles) {
    const group = make("fieldset", {}, make("legend", { textContent: meta.words.kind }), ...kinds);
    box.append(" ", group);
  }
  box.append(said);
  box.hidden = false;
}

// Narrower or wider by more than a scroll bar: the panels are drawn again.
let waiting;
function watch() {
  globalThis.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const moved = places().filter(
        ([, place]) => Math.abs(place.clientWidth - 4 - Number(place.dataset.room || 0)) > 20);
      moved.forEach(([name, place]) => draw(name === "map" ? shape : name, place));
    }, 150);
  });
}

try {
  controls();
  if (!select.isConnected) document.body.append(make("div", { hidden: true }, select));
  select.addEventListener("input", tell);
  await drawAll();
  tell();
  watch();
  root.dataset.ready = "1";
} catch (error) {
  root.dataset.ready = "failed";
  throw error;
}
