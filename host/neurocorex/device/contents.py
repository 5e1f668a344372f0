"""Contents of a chip as its device knows them: the loaded network, whole regions, and copies of some registers."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import DeviceError, InputError
from ..events.stream import CLEAR_ALL
from ..image import Image, blank, program_regions, region_shape, state_regions
from ..progress import Progress
from ..spec import Clear, Control, CoreConfig, Region, layout
from ..spec.regions import PARAMETERS
from ..wire.regions import Items
from .copies import Copies
from .loaded import LoadedNetwork
from .session import Session
from .standing import Change, Standing, clearing, setting, writing
from .units import Units, is_chip

LOGGER = logging.getLogger("neurocorex")


class Traces(NamedTuple):
    """Traces of axons, int array [A], and of neurons, int array [N]; of a window the last steps as bits."""

    pre: Items
    post: Items


class Contents:
    """Contents of the chip of a session.

    Parameters
    ----------
    session : Session
        Opens the chip.

    Attributes
    ----------
    network : LoadedNetwork
        The one that was loaded last.
    standing : Standing
        Whether what the chip holds is known; everything here raises as `Standing.require` says, if it is not.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.network = LoadedNetwork()
        self._copies = Copies(session.generation)
        self.standing = Standing(session)

    @property
    def config(self) -> CoreConfig:
        """Geometry of the chip."""
        return self.session.info.config

    @property
    def geometry(self) -> CoreConfig:
        """Geometry of the network that was loaded last, or of the chip if none was."""
        return self.network.geometry(self.config)

    def units(self, change: Change | None = None) -> Units:
        """Return the units of the network that was loaded; for a change see `Standing.require`.

        Raises
        ------
        InputError
            If there is no network, or if its scale is not known: this session did not load it.
        DeviceError
            If it is no longer, or not wholly, on the chip.
        """
        self.require_network(change)
        if self.network.units is None:
            raise InputError("the scale of this network is not known: it was not loaded here; say units='chip'")
        return self.network.units

    def units_named(self, units: str | None) -> str:
        """Return the name of the units of a result; by default the network's, if they are known."""
        known = self.network.units is not None
        chip = not known if units is None else is_chip(units)
        if not known and not chip:
            self.units()
        return "chip" if chip else "network"

    # Networks ----------------------------------------------------------------------------------

    def load(self, image: Image, *, verify: bool, progress: Progress | None) -> None:
        """Put an image onto the chip in one exchange; without a state in it, the state goes to zero."""
        config = self.config
        fitted = image.fit(config)
        network = LoadedNetwork.of(image)
        self._put(fitted, progress)
        if verify:
            self._verify(fitted)
        self.network = network
        self.standing.arrived()
        control = fitted.regions[Region.CONTROL].copy()
        self._copies = Copies(self.session.generation, fitted.regions[Region.FLAGS], control, fitted.used)

    def put_back(self, image: Image) -> None:
        """Put a snapshot of the network that was loaded onto the chip; its units and its age stay."""
        self._put(image.fit(self.config), None)
        self.standing.arrived()

    def _put(self, image: Image, progress: Progress | None) -> None:
        """Write an image that fits; until its caller says that it has arrived, the network is lost."""
        self.forget()
        self.standing.loading()
        writable = {region: values for region, values in image.regions.items() if layout(region, image.config).writable}
        with self.session.exchange() as chip:
            chip.write(writable, clear=None if image.is_snapshot else CLEAR_ALL, progress=progress)

    def _verify(self, image: Image) -> None:
        """Read an image back; raises DeviceError for the first item that differs."""
        held = self._fetch(*image.regions)
        for region, wanted in image.regions.items():
            if not np.array_equal(held[region], wanted):
                at = tuple(np.argwhere(held[region] != wanted)[0].tolist())
                raise DeviceError(
                    f"{region.name} reads back as {held[region][at]} at {list(at)} where {wanted[at]} was written; "
                    "the memory of the chip or its build is faulty"
                )

    def snapshot(self) -> Image:
        """Read everything that can be written."""
        config = self.config
        return self.network.snapshot(self.read(*program_regions(config), *state_regions(config)), config)

    def require_network(self, change: Change | None = None) -> None:
        """Make sure that there is a network to run.

        Parameters
        ----------
        change : Change, optional
            What the caller is about to change, see `Standing.require`.

        Raises
        ------
        DeviceError
            If the one that was loaded is no longer, or not wholly, on the chip, or its state is not known.
        InputError
            If this session loaded none, and the chip holds none from before.
        """
        self.standing.require(change)
        if not self.standing.has_network:
            if self._is_blank():
                raise InputError("no network was loaded, and the chip holds none; call device.load(net) first")
            LOGGER.warning("this session loaded no network: the chip runs what it holds from before, 1 ms a step")
            self.standing.adopt()

    def _is_blank(self) -> bool:
        """Whether parameters and weights are as after power-up; weights are seldom read for it."""
        config = self.config
        present = [region for region in PARAMETERS if layout(region, config).items]
        return all(
            np.array_equal(values, blank(region, config))
            for group in (present, (Region.WEIGHTS,))
            for region, values in self.read(*group).items()
        )

    # Regions -----------------------------------------------------------------------------------

    def read(self, *regions: Region, change: Change | None = None) -> dict[Region, Items]:
        """Read whole regions in one exchange, in sizes of the chip; for a change see `Standing.require`."""
        self.standing.require(change)
        self.settle()
        return self._fetch(*regions)

    def _fetch(self, *regions: Region) -> dict[Region, Items]:
        with self.session.exchange() as chip:
            return chip.read(*regions)

    def write(self, region: Region, values: npt.ArrayLike) -> None:
        """Write a whole region; raises InputError, before anything is written, if the values do not fit."""
        change = writing(region)
        self.standing.require(change)
        fitting = _checked(region, values, self.config)
        self.forget()
        self.settle()
        with self.standing.changing(f"write of {region.name}", change), self.session.exchange() as chip:
            chip.write({region: fitting})
        if region in PARAMETERS:
            self.network.written[region] = fitting
        self.standing.adopt()

    def write_items(self, region: Region, pieces: list[tuple[int, Items]], change: Change) -> None:
        """Write parts of a region, see `Chip.write_items`."""
        with self.standing.changing(f"write of {region.name}", change), self.session.exchange() as chip:
            chip.write_items(region, pieces)

    def set_register(self, register: Control, value: int) -> None:
        """Write one control register."""
        change = setting(register)
        self.standing.require(change)
        self.settle()
        control, self.copies.control = self.copies.control, None
        with self.standing.changing(f"change of {register.name}", change), self.session.exchange() as chip:
            chip.set_register(register, value)
        if control is not None:
            control[register] = value
            self.copies.control = control

    def clear(self, flags: Clear) -> None:
        """Set to zero what the flags name."""
        with self.standing.changing("clear", clearing(flags)), self.session.exchange() as chip:
            chip.clear(flags)
        if flags & Clear.STATE:
            self.network.drop_events()

    def plastic(self) -> npt.NDArray[np.bool_]:
        """Plastic synapses of the network, bool [A, N]."""
        config = self.config
        if not config.learning:
            return np.zeros((self.geometry.axons, self.geometry.neurons), np.bool_)
        return self.network.crop(self.read(Region.PLASTIC)[Region.PLASTIC], config).astype(np.bool_)

    def traces(self) -> Traces:
        """Traces of the axons and neurons of the network; zeros if the chip does not learn."""
        config = self.config
        rows, neurons = self.network.rows(config), self.geometry.neurons
        if not config.learning:
            return Traces(np.zeros(len(rows), np.int32), np.zeros(neurons, np.int32))
        held = self.read(Region.PRE_TRACE, Region.POST_TRACE)
        return Traces(held[Region.PRE_TRACE][rows], held[Region.POST_TRACE][:neurons])

    # Copies on the host ------------------------------------------------------------------------

    @property
    def copies(self) -> Copies:
        """Copies that are true of the chip as it is now."""
        if self._copies.generation != self.session.generation:
            self.forget()
        return self._copies

    def forget(self) -> None:
        """Drop all copies: the registers are about to change."""
        self._copies = Copies(self.session.generation)

    def flags(self) -> Items:
        """Return the flags of all neurons."""
        copies = self.copies
        if copies.flags is None:
            copies.flags = self.read(Region.FLAGS)[Region.FLAGS]
        return copies.flags

    def control(self, change: Change | None = None) -> Items:
        """Return the control registers; those that move by themselves may be old."""
        copies = self.copies
        if copies.control is None:
            copies.control = self.read(Region.CONTROL, change=change)[Region.CONTROL].copy()
        return copies.control

    def settle(self) -> None:
        """Set the registers back that a run which did not come to its end has left changed."""
        owed = self.standing.owed
        if owed:
            with self.session.exchange() as chip:
                for register, value in owed.items():
                    chip.set_register(register, value)
        self.standing.owed = {}

    def used(self) -> CoreConfig:
        """Return the geometry of the part of the chip in use."""
        copies = self.copies
        if copies.used is None:
            copies.used = self.config.in_use(*self.read(Region.IN_USE)[Region.IN_USE].tolist())
        return copies.used

    def counters(self) -> Items | None:
        """Return the counters, if nothing was exchanged since a run read them."""
        counters = self.copies.counters
        return counters[1] if counters is not None and counters[0] == self.session.exchanges else None


def _checked(region: Region, values: Any, config: CoreConfig) -> Items:
    """Return `values` as an integer array that fits a region; raises InputError."""
    table, shape = layout(region, config), region_shape(region, config)
    array = np.asarray(values)
    if not table.writable:
        raise InputError(f"{region.name} of this chip can be read only")
    proper = "; weights in the units and the shape of the network are written by set_weights"
    if array.shape != shape:
        hint = proper if region is Region.WEIGHTS else ""
        raise InputError(f"{region.name} of this chip has shape {shape}, got {array.shape}{hint}")
    if array.dtype.kind not in "iub":
        hint = proper if region is Region.WEIGHTS else "; round it first"
        raise InputError(f"{region.name} holds integers, got an array of {array.dtype}{hint}")
    low, high = table.range
    wrong = (array < low) | (array > high)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0].tolist())
        raise InputError(f"{region.name} holds {low} to {high}, got {array[at]} at {list(at)}")
    return array.astype(np.int64)
