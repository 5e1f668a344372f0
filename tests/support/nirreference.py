"""NIR graphs stepped one node at a time in floats, straight from the equations: slow, and easy to read.

Within a step a node sees what the nodes before it gave in this step, and what those of a loop gave in the last. A delay
of a step or more reads the past alone, so it takes exactly its time in a loop as well.
"""

import numpy as np


class Simulation:
    def __init__(self, graph, dt, *, euler=True, subtract=()):
        self.nodes, self.edges = {}, []
        self._add(graph.to_dict(), "")
        self.dt, self.euler, self.subtract = dt, euler, subtract
        self.given = dict.fromkeys(self.nodes)
        self.state = {name: {} for name in self.nodes}
        self.order = self._order()

    def _add(self, tree, prefix):
        graphs = {key for key, node in tree["nodes"].items() if node["type"] == "NIRGraph"}
        for key, node in tree["nodes"].items():
            if key in graphs:
                self._add(node, f"{prefix}{key}/")
            else:
                self.nodes[prefix + key] = node
        for source, target in tree["edges"]:
            start = f"{source}/output" if source in graphs else source
            end = f"{target}/input" if target in graphs else target
            self.edges.append((prefix + start, prefix + end))

    def _order(self):
        """Depth first from the inputs; an edge back to a node on the way closes a loop."""
        done, way = [], []

        def visit(name):
            if name in done or name in way:
                return
            way.append(name)
            for source, target in self.edges:
                if source == name and not self._waits(target):
                    visit(target)
            way.remove(name)
            done.insert(0, name)

        for name, node in self.nodes.items():
            if node["type"] == "Input" and "/" not in name:
                visit(name)
        for name in self.nodes:
            if self._waits(name):
                visit(name)
        return done

    def _waits(self, name):
        return self.nodes[name]["type"] == "Delay" and np.rint(self.nodes[name]["delay"] / self.dt).min() >= 1

    def run(self, spikes, name):
        """Output of a node in every step; a loop starts from zero.

        Spikes or other values are [steps, inputs], for the only input or for each by name.
        """
        ports = [node for node in self.order if self.nodes[node]["type"] == "Input" and "/" not in node]
        values = spikes if isinstance(spikes, dict) else dict.fromkeys(ports, spikes)
        found = []
        for step in range(len(values[ports[0]])):
            for node in self.order:
                if node in ports:
                    self.given[node] = values[node][step].reshape(self.nodes[node]["shape"]).astype(float)
                    continue
                total = self._arriving(node)
                self.given[node] = getattr(self, "_" + self.nodes[node]["type"].lower())(node, self.nodes[node], total)
            for node in filter(self._waits, self.nodes):
                self.state[node].setdefault("past", []).append(self._arriving(node))
            found.append(self.given[name].reshape(-1))
        return np.array(found)

    def _arriving(self, node):
        arriving = [self.given[source] for source, target in self.edges if target == node]
        return sum(value for value in arriving if value is not None)

    def _lost(self, tau):
        return self.dt / tau if self.euler else 1 - np.exp(-self.dt / tau)

    def _input(self, name, node, x):
        return x

    _output = _input

    def _affine(self, name, node, x):
        return node["weight"] @ x + node["bias"]

    def _linear(self, name, node, x):
        return node["weight"] @ x

    def _scale(self, name, node, x):
        return node["scale"] * x

    def _flatten(self, name, node, x):
        return x.reshape(-1)

    def _delay(self, name, node, x):
        past = self.state[name].setdefault("past", [])
        late = np.rint(node["delay"] / self.dt).astype(int)
        if self._waits(name):
            late = late - 1
        else:
            past.append(x)
        return np.array([past[-1 - steps][row] if len(past) > steps else 0.0 for row, steps in enumerate(late)])

    def _conv1d(self, name, node, x):
        weight, stride, padding = node["weight"], int(node["stride"]), int(node["padding"])
        x = np.pad(x, [(0, 0), (padding, padding)])
        places = range(0, x.shape[1] - weight.shape[2] + 1, stride)
        windows = np.array([np.tensordot(weight, x[:, at : at + weight.shape[2]], 2) for at in places])
        return windows.T + node["bias"][:, None]

    def _sumpool2d(self, name, node, x):
        (high, wide), (down, across) = node["kernel_size"], node["stride"]
        rows, columns = range(0, x.shape[1] - high + 1, down), range(0, x.shape[2] - wide + 1, across)
        return np.array([[[c[i : i + high, j : j + wide].sum() for j in columns] for i in rows] for c in x])

    def _conv2d(self, name, node, x):
        weight, bias = node["weight"], node["bias"]
        high, wide = weight.shape[2:]
        rows, columns = range(x.shape[1] - high + 1), range(x.shape[2] - wide + 1)
        return np.array([
            [[(kernel * x[:, i : i + high, j : j + wide]).sum() + offset for j in columns] for i in rows]
            for kernel, offset in zip(weight, bias, strict=True)
        ])  # fmt: skip

    def _avgpool2d(self, name, node, x):
        return self._sumpool2d(name, node, x) / np.prod(node["kernel_size"])

    def _threshold(self, name, node, x):
        return (x > node["threshold"]).astype(float)

    def _lif(self, name, node, x):
        v = self.state[name].get("v", node["v_leak"])
        return self._fire(name, node, v + self._lost(node["tau"]) * (node["v_leak"] - v + node["r"] * x))

    def _if(self, name, node, x):
        return self._fire(name, node, self.state[name].get("v", 0) + self.dt * node["r"] * x)

    def _cubalif(self, name, node, x):
        i = self.state[name].get("i", 0)
        lost = self._lost(node["tau_syn"])
        i = self.state[name]["i"] = i - lost * i + lost * node["w_in"] * x
        v = self.state[name].get("v", node["v_leak"])
        return self._fire(name, node, v + self._lost(node["tau_mem"]) * (node["v_leak"] - v + node["r"] * i))

    def _li(self, name, node, x):
        v = self.state[name].get("v", node["v_leak"])
        v = self.state[name]["v"] = v + self._lost(node["tau"]) * (node["v_leak"] - v + node["r"] * x)
        return v

    def _cubali(self, name, node, x):
        i = self.state[name].get("i", 0)
        lost = self._lost(node["tau_syn"])
        i = self.state[name]["i"] = i - lost * i + lost * node["w_in"] * x
        v = self.state[name].get("v", node["v_leak"])
        v = self.state[name]["v"] = v + self._lost(node["tau_mem"]) * (node["v_leak"] - v + node["r"] * i)
        return v

    def _i(self, name, node, x):
        v = self.state[name]["v"] = self.state[name].get("v", 0) + self.dt * node["r"] * x
        return v

    def _fire(self, name, node, v):
        spikes = v > node["v_threshold"]
        after = v - node["v_threshold"] if name in self.subtract else node["v_reset"]
        self.state[name]["v"] = np.where(spikes, after, v)
        return spikes.astype(float)
