// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// The page that shows the cluster: nodes as cards, the newest containers, and events as they come.
///
/// Names that engines and clients choose reach the document as text only.
enum ClusterPage {
    static let text = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Docker cluster</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        <header><h1>Docker cluster</h1><p id="summary">connecting…</p></header>
        <main>
        <section id="nodes" aria-label="Nodes"></section>
        <section><h2>Placements</h2>
        <table><thead><tr><th>Container</th><th>Node</th><th>Image</th><th>Status</th></tr></thead>
        <tbody id="containers"></tbody></table></section>
        <section><h2>Events</h2><ol id="events" reversed></ol></section>
        </main>
        <script>
        \(script)
        </script>
        </body>
        </html>

        """

    private static let style = """
        :root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
        body { margin: 0 auto; max-width: 75rem; padding: 1rem; }
        header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
        h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1rem; } p { margin: 0; }
        #nodes { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: .8rem; margin: 1rem 0; }
        .card { border: 1px solid #8886; border-left: .4rem solid #c33; border-radius: .4rem; padding: .6rem .8rem; }
        .card.Healthy { border-left-color: #2a2; } .card.Cordoned, .card.Draining, .card.Pending { border-left-color: #d90; }
        .card h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; } .card small { opacity: .75; }
        .bar { height: .45rem; border-radius: .2rem; background: #8883; margin: .1rem 0 .4rem; overflow: hidden; }
        .bar i { display: block; height: 100%; background: #48c; } .problem { color: #c33; overflow-wrap: anywhere; }
        table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .2rem .6rem .2rem 0; }
        td { border-top: 1px solid #8883; overflow-wrap: anywhere; }
        #events { font: 13px/1.5 ui-monospace, monospace; padding: 0; list-style: none; overflow-wrap: anywhere; }
        """

    private static let script = """
        "use strict";
        const at = id => document.getElementById(id);
        function make(tag, text, name) {
          const element = document.createElement(tag);
          if (text !== undefined) element.textContent = text;
          if (name) element.className = name;
          return element;
        }
        function gibibytes(bytes) { return (bytes / 2 ** 30).toFixed(1) + " GiB"; }
        function share(card, label, part, whole, text) {
          card.append(make("small", label + " " + text));
          const bar = make("div", undefined, "bar"), filled = make("i");
          filled.style.width = Math.min(100, whole > 0 ? 100 * part / whole : 0) + "%";
          bar.append(filled);
          card.append(bar);
        }
        function card(node) {
          const card = make("article", undefined, "card " + node.Status), counts = node.Containers;
          card.append(make("h3", node.Name), make("small", node.Address + " · " + node.ServerVersion));
          card.append(make("p", node.Status + " · " + counts.All + " containers, " + counts.Running + " running"));
          const cpus = node.ReservedNanoCPUs / 1e9;
          share(card, "CPUs", cpus, node.CPUs, cpus.toFixed(1) + " / " + node.CPUs);
          share(card, "Memory", node.ReservedMemory, node.Memory,
            gibibytes(node.ReservedMemory) + " / " + gibibytes(node.Memory));
          if (node.Problem) card.append(make("p", node.Problem, "problem"));
          return card;
        }
        function row(container) {
          const name = (container.Names[0] || "").replace(/^\\//, ""), slash = name.indexOf("/");
          const cells = [name.slice(slash + 1), slash < 0 ? "" : name.slice(0, slash), container.Image, container.Status];
          const row = make("tr");
          row.append(...cells.map(cell => make("td", cell)));
          return row;
        }
        async function json(path) {
          const answer = await fetch(path);
          if (!answer.ok) throw new Error(path + ": " + answer.status);
          return answer.json();
        }
        async function refresh() {
          try {
            const [nodes, containers] = await Promise.all([json("/cluster/nodes"), json("/containers/json?all=1&limit=20")]);
            const healthy = nodes.filter(node => node.Status === "Healthy").length;
            const running = nodes.reduce((sum, node) => sum + node.Containers.Running, 0);
            at("summary").textContent = healthy + " of " + nodes.length + " nodes healthy · " + running + " containers running";
            at("nodes").replaceChildren(...nodes.map(card));
            at("containers").replaceChildren(...containers.map(row));
          } catch (problem) {
            at("summary").textContent = String(problem);
          }
          setTimeout(refresh, 3000);
        }
        function show(event) {
          const actor = event.Actor || {}, attributes = actor.Attributes || {};
          const time = new Date((event.timeNano || 0) / 1e6 || event.time * 1000).toLocaleTimeString();
          const words = [time, attributes["node.name"], event.Type, event.Action, attributes.name || actor.ID];
          at("events").prepend(make("li", words.filter(word => word).join("  ")));
          while (at("events").children.length > 100) at("events").lastChild.remove();
        }
        async function follow() {
          try {
            const reader = (await fetch("/events")).body.pipeThrough(new TextDecoderStream()).getReader();
            for (let rest = "", piece; !(piece = await reader.read()).done;) {
              const lines = (rest + piece.value).split("\\n");
              rest = lines.pop();
              lines.filter(line => line.trim()).forEach(line => show(JSON.parse(line)));
            }
          } catch (problem) {
            console.warn(problem);
          }
          setTimeout(follow, 3000);
        }
        refresh();
        follow();
        """
}
