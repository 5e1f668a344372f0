"""Brian2, its C++ standalone mode, one thread."""

import sys
from pathlib import Path

import brian2 as b2
import job


def build(net):
    """Return what runs the network."""
    folder = str(Path(sys.argv[1]).with_suffix(""))
    clock = Path(folder).with_name("seconds")
    b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native"]
    ms = b2.ms
    b2.defaultclock.dt = 1 * ms
    # In the order of the model: spikes arrive, then thresholds are looked at. So a spike arrives after one step anyhow.
    b2.magic_network.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    tau = net["tau"] * ms
    neurons = b2.NeuronGroup(
        net["neurons"], "dv/dt = -v / tau : 1 (unless refractory)", threshold=f"v > {net['threshold']}", reset="v = 0",
        refractory=net["refractory"] * ms, method="exact", namespace={"tau": tau},
    )  # fmt: skip
    if net["own_drive"]:
        drive = b2.PoissonGroup(net["inputs"], rates=net["rate"] / ms)
    else:
        drive = b2.SpikeGeneratorGroup(net["inputs"], net["event_axon"], net["event_step"] * ms)
    feed = b2.Synapses(drive, neurons, "w : 1", on_pre="v_post += w")
    feed.connect()
    feed.w = (net["weights"][: net["inputs"]].astype(float) * (1 << net["gain"])).ravel()
    weights = net["weights"][net["inputs"] :].astype(float).ravel()
    if net["learns"]:
        wmax, pre, post = net["weight_max"], net["potentiation_float"], net["depression_float"]
        between = b2.Synapses(
            neurons, neurons,
            "w : 1\ndapre/dt = -apre / tau : 1 (event-driven)\ndapost/dt = -apost / tau : 1 (event-driven)",
            on_pre=f"v_post += w\napre += {pre}\nw = clip(w + apost, 0, {wmax})",
            on_post=f"apost += {post}\nw = clip(w + apre, 0, {wmax})",
            namespace={"tau": tau},
        )  # fmt: skip
        between.connect()
    else:
        between = b2.Synapses(neurons, neurons, "w : 1", on_pre="v_post += w")
        between.connect()
    between.w = weights
    spikes = b2.SpikeMonitor(neurons, record=False)
    # Time of the processor, without what passes while the program reads its tables.
    b2.device.insert_code("before_network_run", "clock_t started = clock();")
    told = f'std::ofstream("{clock}") << double(clock() - started) / CLOCKS_PER_SEC;'
    b2.device.insert_code("after_network_run", told)
    b2.run(net["steps"] * ms)
    b2.device.build(directory=folder, compile=True, run=False, debug=False)

    def run():
        b2.device.run(folder, with_output=False, run_args=[])
        return {"seconds": float(clock.read_text()), "spikes": int(spikes.num_spikes)}

    return run


job.serve(b2.__version__, build)
