"""NeuroCoreX in gates, as Amaranth components.

Floors, the lowest first; a module imports from its own floor and from those below, without circles:

- `lib`: parts that know no network - arithmetic, delay line, memories, region bus, LEDs
- `registers`: control registers, counters, extent in use, region memory
- `synapses`: weight matrix, axons, row and column access, sums, update of a synapse
- `neurons`: equations, pipeline, sweep, input of the neurons
- `learning`: traces, learning rule, random draws, learning lanes
- `events`: stimulus, sequencer, arrivals, extra axons, recorder
- `link`: UART, frames, sessions, retransmission, commands
- `core`: the five subsystems from `registers` to `events`, joined
- `chip`: core and link, from pin to pin
- `synthesis`: Verilog, placement of memories, programs
- `boards`: pins, clock, build of a bitstream
"""
