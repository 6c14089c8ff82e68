/* A flood map from the values inside this page. The document's shape is made by maps/html.py.
   It runs when the page has loaded, rasters included, and in one go: nothing appears late. */
window.addEventListener("load", function () {
  "use strict";
  const doc = JSON.parse(document.getElementById("data").textContent);
  const NO_DATA = 255;
  const FIT = { padding: [12, 12] };

  function element(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "class") node.className = value;
      else if (name in node) node[name] = value;
      else node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  function swatch(colour) {
    const node = element("span", { class: "swatch" });
    node.style.backgroundColor = colour;
    return node;
  }

  const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

  /* Red, green, blue and alpha of every pixel of a raster in this page. */
  function pixels(id) {
    const image = document.getElementById(id);
    const canvas = element("canvas", { width: image.naturalWidth, height: image.naturalHeight });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, canvas.width, canvas.height).data;
  }

  /* Leaflet's image layer over a canvas that is painted here, so that classes can be switched off. */
  const CanvasOverlay = L.ImageOverlay.extend({
    _initImage() {
      const canvas = (this._image = this._url);
      L.DomUtil.addClass(canvas, "leaflet-image-layer");
      if (this._zoomAnimated) L.DomUtil.addClass(canvas, "leaflet-zoom-animated");
    },
  });

  const map = L.map("map", { zoomSnap: 0.25, zoomDelta: 0.5, attributionControl: false, zoomControl: false, maxZoom: 22 });
  L.control.zoom({ position: "bottomright" }).addTo(map);
  L.control.attribution({ prefix: "Leaflet 1.9.4" }).addTo(map);
  L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
  for (const [name, z] of [["radar", 300], ["classes", 310], ["probability", 320], ["exclusion", 330], ["lines", 400]]) {
    map.createPane(name).style.zIndex = z;
  }
  map.getPane("lines").style.pointerEvents = "none";

  /* One painted layer: `colour(v)` returns [r, g, b, a] of the value v, 0 to 255, of a channel of `data`. */
  function layer(source, pane, data, channel, colour) {
    const canvas = element("canvas", { width: source.width, height: source.height });
    const overlay = new CanvasOverlay(canvas, source.corners, { pane });
    const paint = () => {
      const pen = canvas.getContext("2d");
      const picture = pen.createImageData(source.width, source.height);
      const table = new Uint8ClampedArray(4 * 256);
      for (let value = 0; value < 256; value++) table.set(colour(value), 4 * value);
      const from = new Uint32Array(table.buffer);
      const to = new Uint32Array(picture.data.buffer);
      for (let i = 0; i < to.length; i++) to[i] = from[data[4 * i + channel]];
      pen.putImageData(picture, 0, 0);
    };
    let painted = false;
    return {
      overlay,
      paint() { if (painted) { paint(); } },
      show(on) {
        if (on && !painted) { paint(); painted = true; }
        if (on) overlay.addTo(map); else overlay.remove();
      },
    };
  }

  const CLEAR = [0, 0, 0, 0];
  const ramp = doc.ramp.map((colour) => [...channels(colour), 255]);
  const bits = doc.exclusions.map((item) => ({ ...item, rgba: [...channels(item.colour), 255] }));
  const colours = new Map(doc.classes.map((item) => [item.value, item.colour ? [...channels(item.colour), 255] : CLEAR]));
  const labels = new Map(doc.classes.map((item) => [item.value, item.label]));

  function checkbox(text, checked, change, ...extra) {
    const input = element("input", { type: "checkbox", checked });
    input.addEventListener("change", () => change(input.checked));
    return element("label", {}, input, ...extra, text);
  }

  function slider(text, change) {
    const input = element("input", { type: "range", min: 0, max: 100, value: 100 });
    input.addEventListener("input", () => change(input.value / 100));
    return element("label", { class: "slider" }, text, input);
  }

  function legend(source, classes, hidden) {
    const body = element("tbody");
    for (const item of source.legend) {
      const toggle = item.colour === null
        ? element("label", { class: "empty" }, element("span", { class: "swatch" }), item.label)
        : checkbox(item.label, true, (on) => {
          if (on) hidden.delete(item.value); else hidden.add(item.value);
          classes.paint();
        }, swatch(item.colour));
      body.append(element("tr", {}, element("td", {}, toggle), element("td", {}, item.area)));
    }
    source.totals.forEach(([name, area], index) => {
      body.append(element("tr", { class: index ? "" : "sum" }, element("td", {}, name), element("td", {}, area)));
    });
    const head = element("tr", {}, element("th", { scope: "col" }, "Class"), element("th", { scope: "col" }, "km²"));
    return element("table", {}, element("thead", {}, head), body);
  }

  function probabilityKey() {
    const canvas = element("canvas", { class: "ramp", width: ramp.length, height: 1, role: "img" });
    canvas.setAttribute("aria-label", "Colours of 0 to 100 % probability of water");
    const pen = canvas.getContext("2d");
    const picture = pen.createImageData(ramp.length, 1);
    ramp.forEach((rgba, i) => picture.data.set(rgba, 4 * i));
    pen.putImageData(picture, 0, 0);
    const ends = element("div", { class: "ends" }, element("span", {}, "0 %"), element("span", {}, "water 100 %"));
    return element("div", { hidden: true }, canvas, ends);
  }

  /* One radar band at a time lies under the classes; black and white are its range in dB. */
  function radarChoice(source) {
    const box = element("fieldset", {}, element("legend", {}, "radar under the classes (hide “dry” to see it)"));
    const bands = source.radar.map((band) => {
      const grey = pixels(band.values);
      const shade = (value) => (value ? [value, value, value, 255] : CLEAR);
      return { text: `${band.band}, ${band.range}`, layer: layer(source, "radar", grey, 0, shade) };
    });
    [...bands, { text: "none", layer: null }].forEach((choice, index) => {
      const input = element("input", { type: "radio", name: `radar-${source.values}`, checked: index === 0 });
      input.addEventListener("change", () => bands.forEach((band) => band.layer.show(band === choice)));
      box.append(element("label", {}, input, choice.text));
    });
    bands[0].layer.show(true);
    return box;
  }

  function zoomButton(source) {
    const button = element("button", { type: "button" }, "Show on the map");
    button.addEventListener("click", () => map.fitBounds(source.corners, FIT));
    return button;
  }

  function addSource(source) {
    const data = pixels(source.values);
    source.flood = (i) => data[4 * i];
    source.probability = (i) => data[4 * i + 1];
    source.exclusion = (i) => data[4 * i + 2];
    const hidden = new Set();
    const classes = layer(source, "classes", data, 0, (value) => (hidden.has(value) ? CLEAR : colours.get(value) || CLEAR));
    const probability = layer(source, "probability", data, 1, (value) => ramp[value] || CLEAR);
    const exclusion = layer(source, "exclusion", data, 2, (value) => (bits.find((item) => value & item.bit) || { rgba: CLEAR }).rgba);
    classes.show(true);

    const key = probabilityKey();
    const present = element("div", { hidden: true });
    for (const item of bits.filter((item) => source.exclusionBits & item.bit)) {
      present.append(element("label", {}, swatch(item.colour), item.label));
    }
    const layers = element("div", {},
      checkbox("flood classes", true, (on) => classes.show(on)),
      slider("class opacity", (value) => classes.overlay.setOpacity(value)),
      checkbox("probability of water", false, (on) => { probability.show(on); key.hidden = !on; }), key,
      source.exclusionBits
        ? checkbox("where the radar cannot tell", false, (on) => { exclusion.show(on); present.hidden = !on; })
        : null, present);
    if (source.radar.length) layers.append(radarChoice(source));

    const facts = element("dl");
    for (const [name, value] of source.facts) facts.append(element("dt", {}, name), element("dd", {}, value));
    document.getElementById("sources").append(element("section", { class: "source" },
      doc.sources.length > 1 ? element("h3", {}, source.name) : null,
      doc.sources.length > 1 ? zoomButton(source) : null,
      element("p", {}, source.observed),
      element("p", { class: source.validated ? "small" : "warning" }, source.validation),
      element("p", { class: "limits" }, source.notAssessed),
      legend(source, classes, hidden),
      element("h2", {}, "Layers"), layers,
      source.displayNote ? element("p", { class: "small" }, source.displayNote) : null,
      element("details", {}, element("summary", {}, "Where this map comes from"), facts)));
  }

  /* Row and column of a place in a source, or null outside it. */
  function cell(source, latlng) {
    const point = L.CRS.EPSG3857.project(latlng);
    const col = Math.floor((point.x - source.left) / source.resolution);
    const row = Math.floor((source.top - point.y) / source.resolution);
    return row < 0 || col < 0 || row >= source.height || col >= source.width ? null : row * source.width + col;
  }

  function read(source, latlng) {
    const at = cell(source, latlng);
    if (at === null) return { class: NO_DATA, probability: null, exclusions: [] };
    const percent = source.probability(at);
    return {
      class: source.flood(at),
      probability: percent === NO_DATA ? null : percent,
      exclusions: bits.filter((item) => source.exclusion(at) & item.bit).map((item) => item.label),
    };
  }

  const places = document.getElementById("places");
  const pins = L.layerGroup().addTo(map);

  function show(latlngs) {
    places.replaceChildren();
    pins.clearLayers();
    for (const latlng of latlngs) {
      const inside = map.latLngToContainerPoint(latlng);
      const box = map.getContainer().getBoundingClientRect();
      const entry = element("li", { "data-x": box.left + inside.x, "data-y": box.top + inside.y });
      for (const source of doc.sources) {
        const value = read(source, latlng);
        entry.dataset.class = value.class;
        entry.style.borderLeftColor = (doc.classes.find((item) => item.value === value.class) || {}).colour || "";
        const text = [doc.sources.length > 1 ? `${source.name}: ` : "", labels.get(value.class),
          value.probability === null ? "" : `, water ${value.probability} %`,
          value.exclusions.length ? ` (${value.exclusions.join(", ")})` : ""].join("");
        entry.append(element("span", {}, text), element("br"));
      }
      entry.append(element("span", { class: "where" }, `${latlng.lat.toFixed(5)}, ${latlng.lng.toFixed(5)} (latitude, longitude)`));
      places.append(entry);
      /* A dark ring in a white one is seen on every class; its middle shows the class. */
      for (const [color, weight] of [["#fff", 5], ["#1b2430", 2]]) {
        L.circleMarker(latlng, { radius: 8, color, weight, fill: false, interactive: false }).addTo(pins);
      }
    }
  }

  /* Meridians and parallels at round numbers for the part of the world in view. */
  const lines = L.layerGroup().addTo(map);
  function graticule() {
    lines.clearLayers();
    const view = map.getBounds();
    const step = doc.steps.find((value) => value * (map.getSize().x / (view.getEast() - view.getWest())) >= 110) || 45;
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const name = (value, positive, negative) =>
      `${Math.abs(value).toFixed(digits)}°${Math.abs(value) < step / 2 ? "" : " " + (value > 0 ? positive : negative)}`;
    const style = [{ color: "#fff", weight: 2, opacity: 0.3 }, { color: "#1b2430", weight: 0.6, opacity: 0.45 }];
    const draw = (ends, text, at, offset) => {
      for (const look of style) L.polyline(ends, { ...look, pane: "lines", interactive: false, renderer }).addTo(lines);
      const icon = L.divIcon({ className: "degrees", html: text, iconSize: null, iconAnchor: offset });
      L.marker(at, { icon, pane: "lines", interactive: false, keyboard: false }).addTo(lines);
    };
    const corner = map.containerPointToLatLng([0, map.getSize().y]);
    for (let k = Math.ceil(view.getWest() / step); k * step < view.getEast(); k++) {
      draw([[view.getSouth(), k * step], [view.getNorth(), k * step]], name(k * step, "E", "W"), [view.getNorth(), k * step], [-4, -3]);
    }
    for (let k = Math.ceil(Math.max(view.getSouth(), -85) / step); k * step < Math.min(view.getNorth(), 85); k++) {
      draw([[k * step, view.getWest()], [k * step, view.getEast()]], name(k * step, "N", "S"), [k * step, corner.lng], [-4, 16]);
    }
  }
  const renderer = L.svg({ pane: "lines", padding: 0.2 });

  function stamps() {
    const ribbon = document.getElementById("ribbon");
    const stamp = document.getElementById("stamp");
    if (doc.simulated) {
      ribbon.textContent = "SIMULATED: computed from simulated data. This is not a map of a real flood.";
      ribbon.hidden = false;
      stamp.append(element("span", { class: "simulated" }, "SIMULATED"));
    }
    for (const text of new Set(doc.sources.map((source) => source.validation))) {
      const proven = doc.sources.every((source) => source.validated);
      stamp.append(element("span", { class: proven ? "proven" : "" }, text));
    }
  }

  function placesInLink() {
    const match = /^#at=(.+)$/.exec(decodeURIComponent(location.hash));
    if (!match) return [];
    return match[1].split(";").map((pair) => pair.split(",").map(Number))
      .filter((pair) => pair.length === 2 && pair.every(Number.isFinite)).map(([lng, lat]) => L.latLng(lat, lng));
  }

  stamps();
  /* Maps of one place are seen together; of maps far apart, where each would be a dot, the first is seen. */
  const first = L.latLngBounds(doc.sources[0].corners);
  const all = doc.sources.reduce((box, source) => box.extend(source.corners), L.latLngBounds(doc.sources[0].corners));
  const apart = map.getBoundsZoom(first) - map.getBoundsZoom(all) > 3;
  map.fitBounds(apart ? first : all, FIT);
  map.setMinZoom(Math.max(0, map.getBoundsZoom(all) - 2));
  doc.sources.forEach(addSource);
  map.on("moveend zoomend resize", graticule);
  graticule();
  map.on("click", (event) => show([event.latlng]));
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.key === "Enter") show([map.getCenter()]);
  });
  window.addEventListener("hashchange", () => show(placesInLink()));
  show(placesInLink());
  document.documentElement.dataset.ready = "true";
});
