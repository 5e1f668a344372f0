"""NEST, one thread; spikes arrive after one step, and so do those of the drive."""

import job
import nest


def build(net):
    """Return what runs the network."""
    nest.set_verbosity("M_ERROR")
    state = {}

    def fresh():
        """Build the network: NEST keeps time, and so does the drive."""
        nest.ResetKernel()
        nest.SetKernelStatus({"resolution": 1.0, "local_num_threads": 1})
        neuron = {
            "tau_m": float(net["tau"]), "C_m": 1.0, "E_L": 0.0, "V_m": 0.0, "V_reset": 0.0,
            "V_th": float(net["threshold"]), "t_ref": float(net["refractory"]), "tau_minus": float(net["tau"]),
        }  # fmt: skip
        neurons = nest.Create("iaf_psc_delta", net["neurons"], neuron)
        if net["own_drive"]:  # which would draw for each neuron anew, were there no parrots in between
            drive = nest.Create("parrot_neuron", net["inputs"])
            nest.Connect(nest.Create("poisson_generator", params={"rate": net["rate"] * 1000.0}), drive)
        else:
            drive = nest.Create("spike_generator", net["inputs"])
            for axon in range(net["inputs"]):
                drive[axon].spike_times = net["event_step"][net["event_axon"] == axon] + 1.0
        weights = net["weights"].astype(float).T  # NEST has a row for each target
        feed = weights[:, : net["inputs"]] * (1 << net["gain"])
        nest.Connect(drive, neurons, "all_to_all", {"weight": feed, "delay": 1.0})
        synapse = {"weight": weights[:, net["inputs"] :], "delay": 1.0}
        if net["learns"]:
            wmax = float(net["weight_max"])
            synapse |= {
                "synapse_model": "stdp_synapse", "tau_plus": float(net["tau"]), "mu_plus": 0.0, "mu_minus": 0.0,
                "lambda": net["potentiation_float"] / wmax, "Wmax": wmax,
                "alpha": -net["depression_float"] / net["potentiation_float"],
            }  # fmt: skip
        nest.Connect(neurons, neurons, "all_to_all", synapse)
        counter = nest.Create("spike_recorder", params={"record_to": "memory"})
        nest.Connect(neurons, counter)
        nest.Prepare()
        state["counter"] = counter

    fresh()
    state["is_fresh"] = True

    def run():
        if not state.pop("is_fresh", False):
            nest.Cleanup()
            fresh()
        start = job.time.process_time()
        nest.Run(float(net["steps"]))
        return {"seconds": job.time.process_time() - start, "spikes": int(state["counter"].n_events)}

    return run


job.serve(nest.__version__, build)
