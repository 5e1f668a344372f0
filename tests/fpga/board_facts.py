"""Facts about every board from makers' files and from other projects, each with its source.

Nothing here was copied from the platforms or from amaranth-boards: `test_facts` compares them with this table.
A source is a repository and a path, or the title of a document. "(maker)" marks the maker's own file; a fact with no
file of a maker says whose it is. Where two sources disagree, the comment says which one is believed, and why.
"""

from __future__ import annotations

from dataclasses import replace

from fpga.fact_rows import Button, Clock, Facts, Led, Loader, Serial

_LITEX = "litex-hub/litex-boards: litex_boards/platforms/"
_OFL = "trabucayre/openFPGALoader: src/board.hpp, src/cable.hpp, doc/boards.yml"
_PARTS_HPP = "trabucayre/openFPGALoader: src/part.hpp"
_TRELLIS = f"YosysHQ/prjtrellis: devices.json; {_PARTS_HPP}"
_GOWIN_CODE = f"YosysHQ/apicula: header in the chip database (cmd_hdr); {_PARTS_HPP}"
_FT2232H, _FT232H, _FT231X = (0x0403, 0x6010), (0x0403, 0x6014), (0x0403, 0x6015)
_ICELINK, _DAPLINK = (0x1D50, 0x602B), (0x0D28, 0x0204)

_ICEBREAKER = "icebreaker-fpga/icebreaker-verilog-examples: icebreaker/icebreaker.pcf (maker)"
icebreaker = Facts(
    part="iCE40UP5K-SG48", idcode=0, part_by="icebreaker-fpga/icebreaker: README.md (maker)",
    clock=Clock(pin="35", mhz=12, by=_ICEBREAKER),
    serial=Serial(rx="6", tx="9", by=f"{_ICEBREAKER}; {_LITEX}icebreaker.py"),
    # Names end in _N: on at a low level, and low while pressed.
    leds=(Led(pin="11", colour="red", on=0), Led(pin="37", colour="green", on=0)),
    leds_by=f"{_ICEBREAKER}; {_LITEX}icebreaker.py (user_ledr_n)",
    buttons=(Button(pin="10", pressed=0),), buttons_by=f"{_ICEBREAKER} (BTN_N); {_LITEX}icebreaker.py (user_btn_n)",
    # "Memory: NA": the FPGA is the master of its flash until jumpers are turned.
    loader=Loader(options={"-b": "ice40_generic"}, usb=(_FT2232H,), sram_needs=True, by=_OFL),
)  # fmt: skip

_BITSY = "icebreaker-fpga/icebreaker-verilog-examples: icebitsy/icebitsy1.pcf (maker; boards of version 1)"
icebreaker_bitsy = Facts(
    part="iCE40UP5K-SG48", idcode=0, part_by="icebreaker-fpga/icebreaker: hardware/bitsy-v1.1c/README.md (maker)",
    clock=Clock(pin="35", mhz=12, by=f"{_BITSY}; no2fpga/no2bootloader: gateware/ice40/data/top-bitsy-v1.pcf"),
    # Pins 0 and 1 of the board; its USB goes to the FPGA itself.
    serial=Serial(rx="47", tx="44", by=f"{_BITSY}; no2fpga/no2bootloader: as above (uart_rx, uart_tx)"),
    leds=(
        Led(pin="25", colour="red", on=0), Led(pin="6", colour="green", on=0),
        Led(pin="39", colour="red", on=0), Led(pin="40", colour="green", on=0), Led(pin="41", colour="blue", on=0),
    ),
    leds_by=f"{_BITSY}; icebreaker-fpga/icebreaker: hardware/bitsy-v1.1c/icebreaker-bitsy.kicad_sch (~RGB0, ~LEDR)",
    buttons=(Button(pin="2", pressed=0),), buttons_by=f"{_BITSY} (BTN_N); the schematic above (~BTN)",
    loader=Loader(
        options={"-b": "icebreaker-bitsy"}, usb=((0x1D50, 0x6146),), sram=False, flash="",
        by=f"{_OFL}; no2fpga/no2bootloader: utils/no2bootloader.py (maker)",
    ),
    tell=("47", "44"), tell_by="the serial port above: an adapter is needed",
)  # fmt: skip

_ICESUGAR = "wuxx/icesugar: src/common/io.pcf (maker)"
icesugar = Facts(
    part="iCE40UP5K-SG48", idcode=0, part_by="wuxx/icesugar: README_en.md (maker)",
    clock=Clock(pin="35", mhz=12, by=f"{_ICESUGAR}; README_en.md (the MCO of the iCELink, 12 MHz)"),
    # Behind the jumpers of J5: UART3_TX faces IOB_8A, which is pin 4, and UART3_RX faces IOB_13B, which is pin 6.
    serial=Serial(rx="4", tx="6", by=f"{_ICESUGAR}; schematic/iCESugar-v1.5.pdf; {_LITEX}muselab_icesugar.py"),
    # The picosoc and icicle examples of the maker have iCEBreaker's pins for the LEDs; io.pcf and LiteX agree.
    leds=(Led(pin="40", colour="red", on=0), Led(pin="41", colour="green", on=0), Led(pin="39", colour="blue", on=0)),
    leds_by=f"{_ICESUGAR}; wuxx/icesugar: src/basic/verilog/switch/switch.v, schematic/iCESugar-v1.4.pdf (D3 to 3V3)",
    # Four slide switches and no button: a switch must not hold the chip in reset.
    loader=Loader(
        options={}, usb=(_ICELINK,), sram=False, flash=None,
        by="wuxx/icesugar: README_en.md, tools/src/icesprog.c (maker); openFPGALoader has no entry",
    ),
    tell=("iCELink",), tell_by="wuxx/icesugar: README_en.md (copy the file onto its drive, maker)",
)  # fmt: skip

_UPDUINO = "tinyvision-ai-inc/UPduino-v3.0: RTL/common/upduino.pcf (maker)"
upduino = Facts(
    part="iCE40UP5K-SG48", idcode=0, part_by="tinyvision-ai-inc/UPduino-v3.0: README.md (maker)",
    # Only with jumper R16 ("OSC") closed; it is open when sold.
    clock=Clock(pin="20", mhz=12, by=f"{_UPDUINO}; docs/source/tutorials/oscillator.rst (maker)"),
    serial=Serial(rx="15", tx="14", by=f"{_UPDUINO}; issue 3 there (FT232H on SCK and MOSI)"),
    leds=(Led(pin="41", colour="red", on=0), Led(pin="39", colour="green", on=0), Led(pin="40", colour="blue", on=0)),
    leds_by=f"{_UPDUINO} (negative logic); docs/source/features/specs.rst (maker)",
    loader=Loader(
        options={"-b": "ice40_generic", "-c": "ft232"}, usb=(_FT232H,), sram_needs=True,
        by=f"{_OFL}; tinyvision-ai-inc/UPduino-v3.0: RTL/common/upduinov3.rules, Board/v3.0/UPduino_v3.0.sch (R11)",
    ),
    # Serial port and flash share pins: a flash that is selected would answer to what the host sends.
    held={"16": 1}, held_by=f"{_UPDUINO} (spi_cs: drive high unless the flash is used)",
    tell=("OSC", "R16"), tell_by="the clock above",
)  # fmt: skip

_HX8K = "wuxx/icesugar: src/advanced: picorv32/picosoc/hx8kdemo.pcf, icicle/boards/ice40hx8k-b-evn.pcf (copies)"
hx8k = Facts(
    part="iCE40HX8K-CT256", idcode=0, part_by="YosysHQ/icestorm: examples/hx8kboard/Makefile (hx8k, ct256)",
    clock=Clock(pin="J3", mhz=12, by=f"YosysHQ/icestorm: examples/hx8kboard/hx8kboard.pcf; {_HX8K}"),
    serial=Serial(rx="B10", tx="B12", by=f"{_HX8K}; SpinalHDL/VexRiscv issue 32 (txd on B12)"),
    # NOT VERIFIED in a file of the maker, which could not be had: the level. A design of loam wires a 1 to light them.
    leds=tuple(Led(pin=pin, on=1) for pin in ("C3", "B3", "C4", "C5", "A1", "A2", "B4", "B5")),
    leds_by="YosysHQ/icestorm: examples/hx8kboard/hx8kboard.pcf; level from designs for phanrahan/loam",
    loader=Loader(
        options={"-b": "ice40_generic"}, usb=(_FT2232H,), sram_needs=True,
        by=f"{_OFL}; SpinalHDL/VexRiscv issue 32 (quotes the maker's guide: J6 1-2 and 3-4, no J7)",
    ),
    tell=("J6", "J7"), tell_by="the loader above",
)  # fmt: skip

_ULX3S = "emard/ulx3s: doc/constraints/ulx3s_v20.lpf (maker)"
ulx3s_12f = Facts(
    part="LFE5U-12F-6BG381C", idcode=0x21111043, part_by=f"emard/ulx3s: README.md (maker); {_TRELLIS}",
    clock=Clock(pin="G2", mhz=25, by=_ULX3S),
    serial=Serial(rx="M1", tx="L4", by=f"{_ULX3S} (ftdi_txd: FPGA receives); {_LITEX}radiona_ulx3s.py"),
    leds=tuple(Led(pin=pin, on=1) for pin in ("B2", "C2", "C1", "D2", "D1", "E2", "E1", "H3")),
    leds_by=f"{_ULX3S}; {_LITEX}radiona_ulx3s.py (user_led, not user_led_n)",
    buttons=(
        Button(pin="D6", pressed=0, pulls=("UP",)),
        *(Button(pin=pin, pressed=1, pulls=("DOWN",)) for pin in ("R1", "T1", "R18", "V1", "U1", "H16")),
    ),
    buttons_by=f"{_ULX3S} (D6: inverted logic, pull up; others: pull down); {_LITEX}radiona_ulx3s.py",
    loader=Loader(options={"-b": "ulx3s"}, usb=(_FT231X,), by=_OFL),
    # At a low level, or with the ESP32's own pull, its factory firmware loads another bitstream.
    held={"L2": 1}, held_by=f"{_ULX3S} (wifi_gpio0, pull up); litex_boards/targets/radiona_ulx3s.py (drives 1)",
)  # fmt: skip
ulx3s_25f = replace(ulx3s_12f, part="LFE5U-25F-6BG381C", idcode=0x41111043)
ulx3s_45f = replace(ulx3s_12f, part="LFE5U-45F-6BG381C", idcode=0x41112043)
ulx3s_85f = replace(ulx3s_12f, part="LFE5U-85F-6BG381C", idcode=0x41113043)

_PRO = "wuxx/icesugar-pro: schematic/iCESugar-Pro-v1.3.pdf (maker)"
icesugar_pro = Facts(
    part="LFE5U-25F-6BG256C", idcode=0x41111043, part_by=f"wuxx/icesugar-pro: README.md (maker); {_TRELLIS}",
    clock=Clock(pin="P6", mhz=25, by="wuxx/icesugar-pro: src/blink/blink.lpf (maker)"),
    serial=Serial(rx="A9", tx="B9", by=f"wuxx/icesugar-pro: src/uart_tx/top.lpf (maker); {_PRO} (UART1_TX on A9)"),
    # README.md says {A11, A12, B11} with no order. Colours: demo/blink_red.bit, blink_green.bit and blink_blue.bit of
    # the maker drive PT49A, PT53A and PT53B. Bank 0 has 3.3 V, so not the LVCMOS25 of blink.lpf but LiteX's LVCMOS33.
    leds=(
        Led(pin="B11", colour="red", on=0), Led(pin="A11", colour="green", on=0), Led(pin="A12", colour="blue", on=0),
    ),
    leds_by=f"wuxx/icesugar-pro: demo/blink_*.bit (maker); {_PRO} (to 3V3); {_LITEX}muselab_icesugar_pro.py (_n)",
    # L14 of LiteX goes to the edge connector only: the module has no button.
    loader=Loader(
        options={"-c": "cmsisdap", "--vid": "0x1d50", "--pid": "0x602b"}, usb=(_ICELINK,),
        # Version 1.1.0 of openFPGALoader fails on ECP5 behind CMSIS-DAP (issue 634); 1.1.1 does not.
        by="wuxx/icesugar: tools/src/60-icesugar.rules (maker); wuxx/icesugar-pro issue 22; openFPGALoader issue 634",
    ),
)  # fmt: skip

_EXTBOARD = "wuxx/Colorlight-FPGA-Projects: schematic/i5-i9-extboard.pdf (maker of the extension board)"
colorlight_i5 = Facts(
    part="LFE5U-25F-6BG381C", idcode=0x41111043,
    part_by=f"wuxx/Colorlight-FPGA-Projects: README.md (maker of the extension board); {_TRELLIS}",
    clock=Clock(pin="P3", mhz=25, by="wuxx/Colorlight-FPGA-Projects: src/i5/blink/blink.lpf; README.md"),
    serial=Serial(rx="H18", tx="J17", by=f"{_EXTBOARD} (J17 on UART2_RX, H18 on UART2_TX); {_LITEX}colorlight_i5.py"),
    # blink.lpf says LVCMOS25, common/io.lpf LVCMOS33 for the same pin and bank; LiteX: LVCMOS33.
    leds=(Led(pin="U16", on=0),),
    leds_by=f"wuxx/Colorlight-FPGA-Projects: src/i5/blink/blink.lpf; level from {_LITEX}colorlight_i5.py (_n) only",
    loader=Loader(options={"-b": "colorlight-i5"}, usb=(_DAPLINK,), by=f"{_OFL}; get-start.md there (DAPLink)"),
)  # fmt: skip
colorlight_i9 = replace(
    colorlight_i5, part="LFE5U-45F-6BG381C", idcode=0x41112043,
    leds=(Led(pin="L2", on=0),),
    leds_by=f"wuxx/Colorlight-FPGA-Projects: colorlight_i9_v7.2.md; level from {_LITEX}colorlight_i5.py only",
    loader=replace(colorlight_i5.loader, options={"-b": "colorlight-i9"}),
)  # fmt: skip

_CRAB = "orangecrab-fpga/orangecrab-examples: verilog/orangecrab_r0.2.pcf, orangecrab_r0.2.1.pcf (maker)"
orangecrab = Facts(
    part="LFE5U-25F-8MG285C", idcode=0x41111043,
    part_by=f"orangecrab-fpga/orangecrab-hardware: hardware/orangecrab_r0.2.1/FPGA.sch (maker); {_TRELLIS}",
    clock=Clock(pin="A9", mhz=48, by=_CRAB),
    # Pins 0 and 1 of the header, as the Feather standard has them.
    serial=Serial(rx="N17", tx="M18", by=f"{_CRAB} (gpio_0, gpio_1); {_LITEX}gsd_orangecrab.py"),
    leds=(Led(pin="K4", colour="red", on=0), Led(pin="M3", colour="green", on=0), Led(pin="J3", colour="blue", on=0)),
    leds_by=f"{_CRAB}; orangecrab-fpga/orangecrab-examples: verilog/blink/blink.v (inverted, maker)",
    buttons=(Button(pin="J17", pressed=0, standard="SSTL135_I"),),  # 4.7 kOhm to 1.35 V, the supply of its bank
    buttons_by=f"{_CRAB}; orangecrab-hardware: hardware/orangecrab_r0.2.1/IO.sch (R4, maker)",
    loader=Loader(
        options={"-b": "orangeCrab"}, usb=((0x1209, 0x5AF0),), sram=False, flash="",
        by=f"{_OFL}; orangecrab-fpga/orangecrab-hardware: contrib/10-orangecrab.rules (maker)",
    ),
    tell=("N17", "M18"), tell_by="the serial port above: an adapter is needed",
)  # fmt: skip

_NINE = "sipeed/TangNano-9K-example: uart/src/top.cst, led/src/9K_LED_project.cst (maker)"
tang_nano_9k = Facts(
    part="GW1NR-LV9QN88PC6/I5",
    idcode=0x1100481B,
    part_by=f"{_NINE} (GW1NR-9C); {_GOWIN_CODE}",
    clock=Clock(pin="52", mhz=27, by=_NINE),
    serial=Serial(rx="18", tx="17", by=_NINE),
    # The maker's files give no IO standard here: it is Gowin's default for the bank, which has 1.8 V.
    leds=tuple(Led(pin=pin, on=0, standard="LVCMOS18") for pin in ("10", "11", "13", "14", "15", "16")),
    leds_by=f"{_NINE}; led/src/LED.v (one of six at 0); YosysHQ/apicula: examples/tangnano9k.cst (LVCMOS18)",
    buttons=tuple(Button(pin=pin, pressed=0, standard="LVCMOS18", pulls=("", "UP", "NONE")) for pin in ("3", "4")),
    buttons_by=f"{_NINE} (rst_n); YosysHQ/apicula: examples/tangnano9k.cst; {_LITEX}sipeed_tang_nano_9k.py (btn_n)",
    loader=Loader(options={"-b": "tangnano9k"}, usb=(_FT2232H,), by=_OFL),
)

_TWENTY = "sipeed/TangNano-20K-example: uart/src/top.cst (maker)"
tang_nano_20k = Facts(
    part="GW2AR-LV18QN88C8/I7",
    idcode=0x0000081B,
    part_by=f"sipeed/sipeed_wiki: docs/hardware/en/tang/tang-nano-20k/example/led.md (maker); {_GOWIN_CODE}",
    clock=Clock(pin="4", mhz=27, by=_TWENTY),
    serial=Serial(rx="70", tx="69", by=f"{_TWENTY}; {_LITEX}sipeed_tang_nano_20k.py"),
    # blink_leds.cst says BANK_VCCIO=1.8, nestang.cst of the same maker LVCMOS33, as do apicula and LiteX.
    leds=tuple(Led(pin=pin, on=0) for pin in ("15", "16", "17", "18", "19", "20")),
    leds_by="sipeed/TangNano-20K-example: nestang/src/nestang.cst; sipeed_wiki: nano-20k.md (low level, maker)",
    # High while pressed, unlike the 9K. They are MODE0 and MODE1, which need no option (apicula: doc/special-pins.md).
    buttons=tuple(Button(pin=pin, pressed=1, pulls=("", "DOWN", "NONE")) for pin in ("88", "87")),
    buttons_by=f"{_TWENTY}, uart_top.v (rst_n = !rst, maker); {_LITEX}sipeed_tang_nano_20k.py (btn)",
    loader=Loader(options={"-b": "tangnano20k"}, usb=(_FT2232H,), by=_OFL),
)

_PRIMER = "sipeed/TangPrimer-20K-example: Litex/sipeed_tang_primer_20k/src/sipeed_tang_primer_20k.cst (maker)"
tang_primer_20k = Facts(
    part="GW2A-LV18PG256C8/I7", idcode=0x0000081B,
    part_by=f"sipeed/sipeed_wiki: docs/hardware/en/tang/tang-primer-20k/examples/led.md (maker); {_GOWIN_CODE}",
    clock=Clock(pin="H11", mhz=27, by=f"{_PRIMER}; README.md there"),
    serial=Serial(rx="T13", tx="M11", by=f"{_PRIMER}; UART/src/top.cst there; {_LITEX}sipeed_tang_primer_20k.py"),
    # On the Dock; the Lite board has none. apicula's TXD A15 and RXD D14 are pins of a header.
    leds=tuple(Led(pin=pin, on=0) for pin in ("L16", "L14", "N14", "N16", "A13", "C13")),
    leds_by=f"{_PRIMER}; level from yuri-panchul/basics-graphics-music: boards/tang_primer_20k_dock_hdmi_tm1638",
    buttons=(
        Button(pin="T10", pressed=0, pulls=("", "UP", "NONE")),
        *(Button(pin=p, pressed=0, standard="LVCMOS15", pulls=("", "UP", "NONE")) for p in ("T3", "T2", "D7", "C7")),
    ),
    buttons_by=f"{_PRIMER} (btn_n0 to btn_n4); HDMI/src/dk_video.cst there (pull up); litex-boards pull request 462",
    loader=Loader(options={"-b": "tangprimer20k"}, usb=(_FT2232H,), by=_OFL),
    gpio={"T10": "sspi", "A13": "ready", "C13": "done"},
    gpio_by="YosysHQ/apicula: pinout in the chip database; basics-graphics-music: boards/tang_primer_20k_*/*.tcl",
    tell=("switch 1",), tell_by="sipeed/sipeed_wiki: docs/hardware/en/tang/tang-primer-20k/primer-20k.md (maker)",
)  # fmt: skip

_XDC = "Digilent/digilent-xdc: "
_VOLTAGE = {"CFGBVS": "VCCO", "CONFIG_VOLTAGE": "3.3"}
cmod_a7 = Facts(
    part="xc7a35tcpg236-1", idcode=0x0362D093, part_by=f"{_LITEX}digilent_cmod_a7.py; {_PARTS_HPP}",
    clock=Clock(pin="L17", mhz=12, by=f"{_XDC}Cmod-A7-Master.xdc (maker)"),
    # Digilent names the wires as the bridge sees them: uart_rxd_out is what the FPGA sends.
    serial=Serial(rx="J17", tx="J18", by=f"{_XDC}Cmod-A7-Master.xdc (maker); {_LITEX}digilent_cmod_a7.py"),
    # The three-colour LED shines at a low level, unlike the Arty's.
    leds=(
        Led(pin="A17", on=1), Led(pin="C16", on=1),
        Led(pin="C17", colour="red", on=0), Led(pin="B16", colour="green", on=0), Led(pin="B17", colour="blue", on=0),
    ),
    leds_by=f"{_XDC}Cmod-A7-Master.xdc (maker); wfjm/w11: rtl/bplib/cmoda7/cmoda7_pins.xdc (O_LED, O_RGBLED0_N)",
    buttons=(Button(pin="A18", pressed=1), Button(pin="B18", pressed=1)),
    buttons_by=f"{_XDC}Cmod-A7-Master.xdc (maker); {_LITEX}digilent_cmod_a7.py (cpu_reset, not _n)",
    loader=Loader(options={"-b": "cmoda7_35t"}, usb=(_FT2232H,), by=_OFL),
    properties=_VOLTAGE, properties_by=f"{_LITEX}digilent_cmod_a7.py; wfjm/w11: rtl/bplib/cmoda7/cmoda7_pins.xdc",
)  # fmt: skip

_ARTY_MANUAL = "Arty FPGA Board Reference Manual, page 13 (maker)"
arty_a7_35t = Facts(
    part="xc7a35ticsg324-1L", idcode=0x0362D093,
    part_by=f"{_LITEX}digilent_arty.py; openFPGALoader: doc/boards.yml; {_PARTS_HPP}",
    clock=Clock(pin="E3", mhz=100, by=f"{_XDC}Arty-A7-35-Master.xdc, Arty-A7-100-Master.xdc (maker)"),
    serial=Serial(rx="A9", tx="D10", by=f"{_XDC}Arty-A7-35-Master.xdc (maker); {_LITEX}digilent_arty.py"),
    leds=(
        *(Led(pin=pin, on=1) for pin in ("H5", "J5", "T9", "T10")),
        *(Led(pin=pin, colour="red", on=1) for pin in ("G6", "G3", "J3", "K1")),
        *(Led(pin=pin, colour="green", on=1) for pin in ("F6", "J4", "J2", "H6")),
        *(Led(pin=pin, colour="blue", on=1) for pin in ("E1", "G4", "H4", "K2")),
    ),
    leds_by=f"{_XDC}Arty-A7-35-Master.xdc (maker); {_ARTY_MANUAL} (high level, all)",
    # C2 is the red button, "RESET"; JP2 joins it to the DTR of the bridge, so opening the port can reset the chip.
    buttons=(Button(pin="C2", pressed=0), *(Button(pin=pin, pressed=1) for pin in ("D9", "C9", "B9", "B8"))),
    buttons_by=f"{_XDC}Arty-A7-35-Master.xdc (ck_rst); {_ARTY_MANUAL} (JP2); {_LITEX}digilent_arty.py (cpu_reset_n)",
    loader=Loader(options={"-b": "arty_a7_35t"}, usb=(_FT2232H,), by=_OFL),
    properties=_VOLTAGE, properties_by="Digilent/Arty issue 5; wfjm/w11: rtl/bplib/arty/arty_pins.xdc",
    tell=("JP2", "DTR"), tell_by=_ARTY_MANUAL,
)  # fmt: skip
arty_a7_100t = replace(
    arty_a7_35t, part="xc7a100tcsg324-1", idcode=0x03631093,
    loader=replace(arty_a7_35t.loader, options={"-b": "arty_a7_100t"}),
)  # fmt: skip

basys3 = Facts(
    part="xc7a35tcpg236-1", idcode=0x0362D093, part_by=f"{_LITEX}digilent_basys3.py; {_PARTS_HPP}",
    clock=Clock(pin="W5", mhz=100, by=f"{_XDC}Basys-3-Master.xdc (maker)"),
    serial=Serial(rx="B18", tx="A18", by=f"{_XDC}Basys-3-Master.xdc (RsRx, RsTx, maker); {_LITEX}digilent_basys3.py"),
    leds=tuple(
        Led(pin=pin, on=1) for pin in (
            "U16", "E19", "U19", "V19", "W18", "U15", "U14", "V14", "V13", "V3", "W3", "U3", "P3", "N3", "P1", "L1",
        )
    ),
    leds_by=f"{_XDC}Basys-3-Master.xdc (maker); {_LITEX}digilent_basys3.py (user_led, not user_led_n)",
    buttons=tuple(Button(pin=pin, pressed=1) for pin in ("U18", "T18", "W19", "T17", "U17")),
    buttons_by=f"{_XDC}Basys-3-Master.xdc (maker); basics-graphics-music: boards/basys3 (key = btn, not inverted)",
    loader=Loader(options={"-b": "basys3"}, usb=(_FT2232H,), by=_OFL),
    properties=_VOLTAGE, properties_by=f"{_XDC}Basys-3-Master.xdc (maker)",
)  # fmt: skip

#: Every board, in the order of the project's table.
FACTS = {
    "icebreaker": icebreaker, "icebreaker-bitsy": icebreaker_bitsy, "icesugar": icesugar, "upduino-3": upduino,
    "hx8k-b-evn": hx8k,
    "ulx3s-12f": ulx3s_12f, "ulx3s-25f": ulx3s_25f, "ulx3s-45f": ulx3s_45f, "ulx3s-85f": ulx3s_85f,
    "icesugar-pro": icesugar_pro, "colorlight-i5": colorlight_i5, "colorlight-i9": colorlight_i9,
    "orangecrab-25f": orangecrab,
    "tang-nano-9k": tang_nano_9k, "tang-nano-20k": tang_nano_20k, "tang-primer-20k": tang_primer_20k,
    "cmod-a7-35t": cmod_a7, "arty-a7-35t": arty_a7_35t, "arty-a7-100t": arty_a7_100t, "basys3": basys3,
}  # fmt: skip
