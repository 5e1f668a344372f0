"""Weight banks: L memories, of which every row and every column meets each once, and the rotation to lanes and back."""

from amaranth.hdl import Array, Cat, Module, Mux, Shape, ShapeLike, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.memories import bank_pieces, piece_words

from ..lib.delay import stages
from ..lib.memory import BLOCK_RAM


def lane_bits(config: CoreConfig) -> int:
    """Width of the number of a lane; 0 for a single lane."""
    return config.lanes.bit_length() - 1


def weight_lanes(config: CoreConfig) -> data.ArrayLayout:
    """One weight for each lane."""
    return data.ArrayLayout(signed(config.weight_bits), config.lanes)


def _synapse(config: CoreConfig, weight_bits: int) -> data.StructLayout:
    flag = {"plastic": 1} if config.learning else {}
    gathered = {"eligibility": signed(config.weight_bits)} if config.eligibility else {}
    return data.StructLayout({"weight": signed(weight_bits), **flag, **gathered})


def synapse_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a synapse: its weight, on a chip that learns whether it does, and its eligibility if any."""
    return _synapse(config, config.weight_bits)


def stored_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a word of a bank: a synapse, its weight less the pending drift if there is such a thing.

    Without, the flag makes nine bits of eight, which is what a byte of block RAM has on most devices.
    """
    return _synapse(config, config.stored_weight_bits)


def synapse_lanes(config: CoreConfig) -> data.ArrayLayout:
    """One synapse for each lane."""
    return data.ArrayLayout(synapse_layout(config), config.lanes)


def stored_lanes(config: CoreConfig) -> data.ArrayLayout:
    """One word of each bank."""
    return data.ArrayLayout(stored_layout(config), config.lanes)


def place_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of the place of L synapses, one in each bank: a piece of a row or of a column.

    Lane k has the synapse of bank ``(k + turn) mod L``. In a row, turn is the number of the row, and the word has the
    same address in all banks; in a `column` it is the number of the neuron, and only the upper bits are the same.
    """
    return data.StructLayout({
        "word": range(config.neuron_blocks * config.axon_blocks),
        "turn": lane_bits(config),
        "column": 1,
    })  # fmt: skip


def bank_latency(config: CoreConfig) -> int:
    """Cycles from a place to its words: deep banks have registers before and behind their block RAMs."""
    return 1 + config.bank_stages


class BankAccess(wiring.Signature):
    """L memories, one synapse of each a cycle, seen from what reads and writes them.

    The synapse from row a (see `AxonRow`) to neuron j is in bank ``(a + j) mod L`` at word
    ``(j // L) * axon_stride + a``. A piece of a row (an axon, L neighbouring neurons) and one of a column (a neuron, L
    neighbouring axons) thus both meet every bank exactly once.

    Members
    -------
    read, place : Out
        Read this place in all banks.
    synapses : In
        The words there, by bank, `bank_latency` cycles later.
    write : Out(L)
        Banks that store theirs of `write_synapses` at `write_place`.
    waits : In(1)
        They do not, in this cycle: ask again in the next.
    clearing : In(1)
        Nothing can be read or written yet.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "read": Out(1),
            "place": Out(place_layout(config)),
            "synapses": In(stored_lanes(config)),
            "write": Out(config.lanes),
            "write_place": Out(place_layout(config)),
            "write_synapses": Out(stored_lanes(config)),
            "waits": In(1),
            "clearing": In(1),
        })  # fmt: skip


def place_at(address: Value, config: CoreConfig) -> Value:
    """Return the place that has this address in all banks: a piece of a row."""
    lanes = lane_bits(config)
    return Cat(address[lanes:], address[:lanes])


def bank_address(place: data.View, bank: int) -> Value:
    """Return the address in a bank."""
    return Cat(Mux(place.column, bank - place.turn, place.turn)[: len(place.turn)], place.word)


class WeightBanks(wiring.Component):
    """The memories of the weights, with a port to read and one to write.

    A bank that is deeper than a block RAM is slow to answer, because a choice among block RAMs follows. It is built of
    pieces of a block RAM or a few, each with a register behind it, and the choice among these comes a cycle later.
    The way to so many block RAMs is long, too, so there is a register for the address.

    Members
    -------
    access : In(BankAccess)
        `waits` and `clearing` are never there.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({"access": In(BankAccess(config))})

    def elaborate(self, platform: object) -> Module:
        """Build the banks."""
        m = Module()
        access, config, pieces = self.access, self._config, bank_pieces(self._config)
        piece, write_piece = self._piece(access.place), self._piece(access.write_place)
        # All banks have the same: their addresses differ in the low bits only.
        chosen = stages(m, piece, bank_latency(config), name="chosen")[-1] if len(pieces) > 1 else 0
        for bank in range(config.lanes):
            reads, writes = [], []
            for name, depth in pieces:
                memory = Memory(shape=stored_layout(config), depth=depth, init=[], attrs=BLOCK_RAM)
                m.submodules[f"{name}{bank}"] = memory
                read, write = memory.read_port(), memory.write_port()
                reads.append(read)
                writes.append(write)
            address, words = bank_address(access.place, bank), [read.data for read in reads]
            if config.deep_banks:
                address = stages(m, address, 1, name="address")[-1]
                words = [stages(m, word, config.bank_stages - 1, name="word")[-1] for word in words]
            m.d.comb += [read.addr.eq(address) for read in reads]
            m.d.comb += access.synapses[bank].eq(Array(words)[chosen])
            for number, write in enumerate(writes):
                stored = access.write[bank]
                m.d.comb += [
                    write.addr.eq(bank_address(access.write_place, bank)),
                    write.data.eq(access.write_synapses[bank]),
                    write.en.eq(stored & (write_piece == number) if len(pieces) > 1 else stored),
                ]
        return m

    def _piece(self, place: data.View) -> Value:
        """Return the number of the piece in which a place is."""
        return place.word[piece_words(self._config).bit_length() - 1 - lane_bits(self._config) :]


class Rotator(wiring.Component):
    """Rotates from the order of the banks to that of the lanes: ``turned[k] = given[(k + amount) mod L]``; or `back`.

    Combinational, a layer of multiplexers for each bit of the amount.

    Parameters
    ----------
    shape : ShapeLike
        Format of what each bank or lane has.
    bits : range
        Bits of the amount that count; all, unless the rotation is spread over stages.
    back : bool
        From the order of the lanes to that of the banks: ``turned[b] = given[(b - amount) mod L]``.
    """

    def __init__(self, config: CoreConfig, shape: ShapeLike, *, bits: range | None = None, back: bool = False) -> None:
        self._config = config
        self._bits = range(lane_bits(config)) if bits is None else bits
        self._direction = -1 if back else 1
        row = data.ArrayLayout(Shape.cast(shape).width, config.lanes)
        super().__init__({"given": In(row), "amount": In(lane_bits(config)), "turned": Out(row)})

    def elaborate(self, platform: object) -> Module:
        """Build the layers."""
        m = Module()
        count = self._config.lanes
        row = [self.given[place] for place in range(count)]
        for bit in self._bits:
            turn = self._direction << bit
            row = [Mux(self.amount[bit], row[(place + turn) % count], row[place]) for place in range(count)]
        m.d.comb += [self.turned[place].eq(row[place]) for place in range(count)]
        return m
