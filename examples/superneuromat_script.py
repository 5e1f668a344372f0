"""SuperNeuroMAT script on a chip, with two added lines that say `chip`: it learns which sensor announces an alarm.

Six sensors fire at random, but sensor 2 always fires two ticks before the alarm. STDP strengthens its synapse and
weakens the others, until the sensor sets off the alarm by itself. Needs: pip install superneuromat
"""

import neurocorex as ncx  # chip
import numpy as np
import superneuromat

rng = np.random.default_rng(7)
snn = superneuromat.SNN()
sensors = [snn.create_neuron(threshold=0, leak=0) for _ in range(6)]
alarm = snn.create_neuron(threshold=990, leak=50, refractory_period=3)
synapses = [snn.create_synapse(sensor, alarm, weight=300, delay=2, stdp_enabled=True) for sensor in sensors]
snn.stdp_setup(Apos=[60, 20], Aneg=[0, -1])
for tick in range(0, 200, 10):
    snn.add_spike(tick, sensors[2], 1)
    snn.add_spike(tick + 2, alarm, 1000)
    for sensor in rng.choice([0, 1, 3, 4, 5], 2, replace=False):
        snn.add_spike(tick + rng.integers(3, 10), sensors[sensor], 1)

snn = ncx.on_device(snn, "emulator")  # chip: or "rtl", "/dev/ttyUSB1", "socket://127.0.0.1:4000"

snn.simulate(200)
print("the alarm rang", snn.ispikes[:, alarm.idx].sum(), "times in 20 lessons")
print("weights:", [int(synapse.weight) for synapse in synapses])
snn.clear_input_spikes()
snn.add_spike(3, sensors[2], 1)
snn.simulate(10)
print("sensor 2 alone sets it off:", bool(snn.ispikes[-10:, alarm.idx].any()))
