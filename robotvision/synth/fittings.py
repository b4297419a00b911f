"""Fittings of particular rooms: kitchen, toilet, printers, machines, walls' hangings.

As in `furniture`, a piece has its back at y = 0 and its front towards -y.
"""

from __future__ import annotations

import math

from robotvision.synth import clutter
from robotvision.synth.aliases import Rng
from robotvision.synth.furniture import carton, legs, papers, phone, shelf_boards
from robotvision.synth.solids import Builder, Material
from robotvision.synth.style import (
    BLACK,
    CERAMIC,
    CHROME,
    DARK,
    GRAY,
    LIGHT,
    RED,
    STEEL,
    WHITE,
    Style,
)


def fitted(texture: str, shine: float = 0.0, glow: float = 0.0, ir: float = 1.0) -> Material:
    """Return a material whose texture covers a surface once."""
    return Material(texture, "#ffffff", None, shine, glow, ir)


def counter(b: Builder, st: Style, rng: Rng, w: float) -> None:
    """Kitchen counter with stove, oven, sink, tap, kettle, and cupboards above: 0.6 m deep."""
    with b.piece(""):
        top = Material("terrazzo", "#7a756c", 0.6, shine=0.1)
        b.box((-w / 2, -0.56, 0.1), (w / 2, 0, 0.87), st.cabinet, skip=("front", "top"))
        b.box((-w / 2, -0.5, 0), (w / 2, 0, 0.1), BLACK)
        b.box((-w / 2, -0.6, 0.87), (w / 2, 0, 0.91), top)
        n = max(2, round(w / 0.6))
        step = w / n
        for k in range(n):
            m = fitted("oven", 0.1) if k == 0 else st.front
            b.face((-w / 2 + k * step, -0.561, 0.1), (step, 0, 0), (0, 0, 0.77), m)
        b.face(
            (-w / 2 + 0.05, -0.55, 0.912),
            (step - 0.1, 0, 0),
            (0, 0.5, 0),
            fitted("stove", 0.2, ir=0.3),
        )
        b.face(
            (-w / 2, -0.005, 0.91), (w, 0, 0), (0, 0, 0.55), Material("tiles", "#dfe9ea", 0.6, 0.08)
        )
        kettle(b, w / 2 - 0.2, -0.25, 0.91)
        coffee(b, w / 2 - 0.55, -0.06, 0.91)
    with b.piece("Sink"), b.at(-w / 2 + 2 * step, 0, 0.912):
        basin(b)
    beyond = -w / 2 + 2 * step + 0.3
    clutter.strew(b, rng, clutter.COUNTER, (beyond, -0.34, w / 2 - 0.7, -0.06, 0.912), 0.9)
    clutter.strew(b, rng, clutter.COUNTER, (-w / 2 + 0.04, -0.25, w / 2, -0.1, 2.15), 0.4)
    with b.piece(""):
        utensils(b, rng, -w / 2 + 0.1, w / 2 - 0.1)
        b.box((-w / 2, -0.35, 1.46), (w / 2, 0, 2.15), st.cabinet, skip=("front",))
        for k in range(n):
            b.face((-w / 2 + k * step, -0.351, 1.46), (step, 0, 0), (0, 0, 0.69), st.front)


def utensils(b: Builder, rng: Rng, x0: float, x1: float) -> None:
    """Rail under the wall cupboards with ladles, cloths and pans hanging from it."""
    b.tube((x0, -0.03, 1.38), (x1, -0.03, 1.38), 0.008, CHROME, 6)
    x = x0 + 0.1
    while x < x1 - 0.1:
        kind = int(rng.integers(3))
        if kind == 0:
            b.box((x - 0.008, -0.035, 1.16), (x + 0.008, -0.025, 1.37), STEEL)
            b.tube((x, -0.03, 1.1), (x, -0.05, 1.1), 0.04, STEEL, 8)
        elif kind == 1:
            cloth = Material(f"rug{rng.integers(4)}", "#ffffff", None)
            b.face((x - 0.09, -0.045, 1.0), (0.18, 0, 0), (0, 0, 0.37), cloth)
        else:
            b.box((x - 0.012, -0.04, 1.2), (x + 0.012, -0.025, 1.37), BLACK)
            b.tube((x, -0.015, 1.1), (x, -0.05, 1.1), 0.1, DARK, 12)
        x += float(rng.uniform(0.16, 0.34))


def basin(b: Builder) -> None:
    """Steel basin set in a counter, with its tap."""
    b.face((-0.24, -0.5, 0), (0.48, 0, 0), (0, 0.38, 0), STEEL)
    b.face(
        (-0.19, -0.46, 0.002), (0.38, 0, 0), (0, 0.3, 0), Material("plain", "#55585c", shine=0.1)
    )
    b.tube((0, -0.08, 0), (0, -0.08, 0.28), 0.018, CHROME, 8)
    b.tube((0, -0.08, 0.27), (0, -0.28, 0.25), 0.014, CHROME, 6)


def kettle(b: Builder, x: float, y: float, z: float) -> None:
    """Water kettle."""
    b.tube((x, y, z), (x, y, z + 0.22), 0.09, CHROME, 10, 0.065, BLACK)
    b.box((x + 0.08, y - 0.015, z + 0.05), (x + 0.13, y + 0.015, z + 0.2), BLACK)


def coffee(b: Builder, x: float, y: float, z: float) -> None:
    """Coffee machine."""
    b.box((x - 0.12, y - 0.1, z), (x + 0.12, y, z + 0.36), BLACK)
    b.box((x - 0.12, y - 0.32, z + 0.26), (x + 0.12, y - 0.1, z + 0.36), BLACK)
    b.box((x - 0.12, y - 0.32, z), (x + 0.12, y - 0.1, z + 0.03), DARK)
    b.tube((x, y - 0.21, z + 0.03), (x, y - 0.21, z + 0.17), 0.075, Material("plain", "#5a3a28"), 8)


def fridge(b: Builder) -> None:
    """Fridge: 0.62 x 0.62 x 1.75 m."""
    with b.piece("Fridge"):
        body = Material("plain", "#f2f3f4", shine=0.06)
        b.box((-0.31, -0.62, 0.04), (0.31, 0, 1.75), body, {"front": fitted("fridge", 0.06)})
        b.box((-0.3, -0.58, 0), (0.3, 0, 0.04), BLACK)


def microwave_table(b: Builder, st: Style) -> None:
    """Small trolley with a microwave oven: 0.6 m wide."""
    with b.piece(""):
        legs(b, 0.56, 0.44, 0.8, CHROME, 0.03)
        for z in (0.3, 0.8):
            b.box((-0.3, -0.46, z), (0.3, 0, z + 0.03), st.wood)
        b.box((-0.25, -0.4, 0.83), (0.25, -0.02, 1.12), LIGHT, {"front": fitted("panel", 0.1)})


def vending(b: Builder) -> None:
    """Vending machine: 0.9 x 0.75 x 1.85 m."""
    with b.piece(""):
        side = Material("plain", "#a01f2a", shine=0.05)
        b.box((-0.45, -0.75, 0), (0.45, 0, 1.85), side, {"front": fitted("vending", 0.08, 0.35)})


def urinal(b: Builder) -> None:
    """Urinal on the wall with its flush: 0.38 m wide."""
    with b.piece("Urinal"):
        b.box((-0.18, -0.1, 0.5), (0.18, 0, 1.08), CERAMIC)
        for x in (-0.18, 0.13):
            b.box((x, -0.3, 0.5), (x + 0.05, -0.1, 0.78), CERAMIC)
        b.box((-0.18, -0.32, 0.42), (0.18, -0.0, 0.5), CERAMIC)
        b.box((-0.18, -0.34, 0.44), (0.18, -0.28, 0.68), CERAMIC)
        b.face(
            (-0.12, -0.102, 0.6), (0.24, 0, 0), (0, 0, 0.4), Material("plain", "#c9cfd2", shine=0.1)
        )
        b.tube((0, -0.04, 1.08), (0, -0.04, 1.34), 0.015, CHROME, 6)
        b.box((-0.05, -0.06, 1.26), (0.05, 0, 1.36), CHROME)


def washbasin(b: Builder) -> None:
    """Washbasin with tap and mirror: 0.62 m wide."""
    with b.piece("Sink"):
        b.box((-0.31, -0.48, 0.76), (0.31, 0, 0.86), CERAMIC)
        b.face(
            (-0.23, -0.42, 0.862),
            (0.46, 0, 0),
            (0, 0.3, 0),
            Material("plain", "#aab2b6", shine=0.1),
        )
        b.tube((0, -0.16, 0), (0, -0.16, 0.76), 0.08, CERAMIC, 8)
        b.tube((0, -0.08, 0.86), (0, -0.08, 1.02), 0.02, CHROME, 8)
        b.tube((0, -0.08, 1.0), (0, -0.24, 0.98), 0.015, CHROME, 6)
    with b.piece(""):
        mirror = Material("plain", "#5a6064", shine=0.85, ir=0.0)
        b.box((-0.29, -0.02, 1.12), (0.29, 0, 1.9), CHROME, {"front": mirror})
        b.box((-0.25, -0.08, 1.93), (0.25, 0, 1.99), LIGHT)
        b.box((0.16, -0.12, 0.98), (0.28, -0.0, 1.1), CHROME)
        b.tube((-0.22, -0.12, 0.86), (-0.22, -0.12, 1.0), 0.035, Material("plain", "#3f8fb5"), 8)
        b.tube((-0.22, -0.12, 1.0), (-0.22, -0.16, 1.04), 0.012, WHITE, 5)


def toilet_stall(b: Builder, rng: Rng, closed: bool) -> None:
    """Stall of panels with a toilet bowl: 1.0 x 1.5 m."""
    panel = Material("plain", "#3f6e86")
    with b.piece(""):
        for x in (-0.5, 0.47):
            b.box((x, -1.5, 0.12), (x + 0.03, 0, 2.0), panel)
            for y in (-1.46, -0.98, -0.5):
                b.box((x - 0.004, y, 0.12), (x + 0.034, y + 0.012, 2.0), DARK)
        if closed:
            b.box((-0.47, -1.5, 0.12), (0.47, -1.47, 2.0), panel)
            b.tube((0.36, -1.5, 1.0), (0.36, -1.53, 1.0), 0.03, CHROME, 8)
            b.face(
                (-0.12, -1.502, 1.3), (0.24, 0, 0), (0, 0, 0.32), fitted(f"notice{rng.integers(8)}")
            )
        else:
            with b.at(-0.26, -1.49, 0, -1.9):
                b.box((-0.5, -0.03, 0.12), (0, 0, 2.0), panel)
                b.box((-0.46, -0.05, 0.98), (-0.4, 0.02, 1.06), CHROME)
            b.box((-0.47, -1.5, 0.12), (-0.26, -1.47, 2.0), panel)
            b.box((0.26, -1.5, 0.12), (0.47, -1.47, 2.0), panel)
        for x in (-0.48, 0.48):
            b.tube((x, -1.48, 0), (x, -1.48, 0.13), 0.025, CHROME, 8)
        b.box((-0.51, -1.51, 1.96), (0.51, -1.47, 2.02), CHROME)
        b.tube((-0.46, -0.7, 0.75), (-0.3, -0.7, 0.75), 0.06, WHITE, 10)
        b.box((-0.47, -0.78, 0.8), (-0.29, -0.62, 0.83), CHROME)
        b.box((-0.2, -0.2, 0.4), (0.2, 0, 0.82), CERAMIC)
        b.box((-0.07, -0.01, 0.95), (0.07, 0, 1.08), CHROME)
        b.tube(
            (0, -0.42, 0), (0, -0.42, 0.4), 0.14, CERAMIC, 12, 0.21, Material("plain", "#e2e2e0")
        )
        b.box((-0.2, -0.34, 0.4), (0.2, -0.2, 0.78), CERAMIC)


def hand_drier(b: Builder) -> None:
    """Hand drier on the wall."""
    with b.piece("HandDrier"):
        b.box((-0.14, -0.18, 1.15), (0.14, 0, 1.45), STEEL)
        b.box((-0.05, -0.16, 1.1), (0.05, -0.06, 1.15), BLACK)


def copier(b: Builder) -> None:
    """Large office printer on its paper trays: 0.65 x 0.65 m."""
    with b.piece("Printer"):
        body = Material("plain", "#d9dbdc")
        b.box((-0.32, -0.62, 0.03), (0.32, 0, 0.82), body, {"front": fitted("copier")})
        b.box((-0.34, -0.64, 0.88), (0.34, 0, 1.06), body)
        b.box((-0.3, -0.5, 0.82), (0.3, 0, 0.88), BLACK)
        b.box((0.06, -0.74, 0.98), (0.34, -0.64, 1.03), DARK, {"top": fitted("panel", 0.0, 0.3)})
        b.box((-0.55, -0.5, 0.62), (-0.32, -0.15, 0.65), LIGHT)
        b.box((-0.2, -0.45, 1.06), (0.2, -0.1, 1.12), DARK)


def towels(b: Builder) -> None:
    """Dispenser of paper towels with one hanging out."""
    with b.piece(""):
        b.box((-0.15, -0.13, 1.2), (0.15, 0, 1.6), LIGHT, {"front": fitted("grille")})
        b.face((-0.1, -0.08, 1.08), (0.2, 0, 0), (0, 0.01, 0.12), WHITE)


def soap(b: Builder) -> None:
    """Dispenser of soap or of disinfectant."""
    with b.piece(""):
        b.box((-0.06, -0.1, 1.1), (0.06, 0, 1.35), WHITE, {"front": fitted("thermostat")})
        b.box((-0.03, -0.09, 1.05), (0.03, -0.03, 1.1), DARK)


def small_printer(b: Builder, z: float = 0.745) -> None:
    """Desk printer with paper in its tray."""
    with b.piece("Printer"):
        b.box((-0.21, -0.4, z), (0.21, -0.04, z + 0.26), Material("plain", "#cfd2d4"))
        b.box((-0.15, -0.405, z + 0.05), (0.15, -0.39, z + 0.13), BLACK)
        b.box((-0.12, -0.52, z + 0.05), (0.12, -0.39, z + 0.06), WHITE)
        b.box((-0.12, -0.1, z + 0.26), (0.12, -0.06, z + 0.4), WHITE)
        b.box((0.1, -0.41, z + 0.17), (0.19, -0.4, z + 0.23), DARK)


def printer_desk(b: Builder, st: Style, rng: Rng) -> None:
    """Side table with a small printer and paper: 0.9 m wide."""
    with b.piece("Table"):
        legs(b, 0.86, 0.56, 0.7, CHROME)
        b.box((-0.45, -0.6, 0.7), (0.45, 0, 0.745), st.wood)
    with b.at(-0.15, -0.05):
        small_printer(b)
    clutter.strew(b, rng, clutter.DESK, (0.1, -0.3, 0.45, -0.1, 0.745), 1.0)
    papers(b, rng, 0.3, -0.45)


def paper_shelf(b: Builder, st: Style, rng: Rng, w: float = 1.1) -> None:
    """Shelf with stacks of paper and pigeonholes: 0.38 m deep, 1.9 m high."""
    with b.piece(""):
        for z in shelf_boards(b, w, 0.38, 1.9, 6, st.cabinet):
            for k in range(4):
                x = -w / 2 + 0.05 + k * (w - 0.08) / 4
                h = float(rng.uniform(0.03, 0.22))
                tone = str(rng.choice(["#f5f5f0", "#f5f5f0", "#cfe0f2", "#f4e5a8", "#e9c8c8"]))
                b.box(
                    (x, -0.34, z),
                    (x + (w - 0.08) / 4 - 0.03, -0.04, z + h),
                    Material("plain", tone),
                )
            b.box((-0.01, -0.38, z), (0.01, -0.02, z + 0.25), st.cabinet)


def rack(b: Builder, rng: Rng) -> None:
    """Server rack with lights: 0.65 x 0.8 x 2.0 m."""
    with b.piece(""):
        front = Material(f"rack{rng.integers(4)}", "#ffffff", None, 0.05, 0.12, 0.5)
        b.box((-0.32, -0.8, 0), (0.32, 0, 2.0), BLACK, {"front": front}, skip=("bottom",))


def workbench(b: Builder, rng: Rng, w: float = 1.6) -> None:
    """Workbench with vice, boxes and a tool board above: 0.7 m deep."""
    with b.piece("Table"):
        bench = Material("wood", "#b58a54", 0.8)
        legs(b, w - 0.05, 0.66, 0.84, Material("plain", "#3f5f87"), 0.08)
        b.box((-w / 2, -0.7, 0.84), (w / 2, 0, 0.9), bench)
        b.box((-w / 2 + 0.06, -0.6, 0.25), (w / 2 - 0.06, -0.04, 0.28), GRAY)
    with b.piece(""):
        b.box((w / 2 - 0.4, -0.74, 0.9), (w / 2 - 0.22, -0.5, 1.05), Material("plain", "#2f5a8f"))
        b.tube((w / 2 - 0.31, -0.86, 0.97), (w / 2 - 0.31, -0.74, 0.97), 0.02, CHROME, 6)
        b.box((-w / 2 + 0.2, -0.5, 0.9), (-w / 2 + 0.62, -0.25, 1.08), RED)
        b.tube((-0.1, -0.35, 0.9), (-0.1, -0.35, 1.1), 0.06, Material("plain", "#d8b021"), 8)
        b.face((-w / 2, -0.01, 1.12), (w, 0, 0), (0, 0, 0.8), Material("tools", "#ffffff", 0.8))


def pipes(b: Builder, rng: Rng, w: float, height: float) -> None:
    """Pipes along a wall, with valves, hanging under the ceiling and running down."""
    with b.piece(""):
        tones = ["#b7bcc0", "#c04030", "#3a66a8", "#d0a530"]
        for k in range(3):
            z = height - 0.3 - 0.2 * k
            m = Material("plain", tones[k], shine=0.06)
            b.tube((-w / 2, -0.14, z), (w / 2, -0.14, z), 0.06 + 0.02 * (k == 0), m, 10)
            x = float(rng.uniform(-w / 2 + 0.2, w / 2 - 0.2))
            b.tube((x, -0.14, 0), (x, -0.14, z), 0.05, m, 10)
            b.tube((x, -0.14, 1.1), (x, -0.24, 1.1), 0.02, GRAY, 6)
            b.tube((x, -0.24, 1.1), (x, -0.27, 1.1), 0.11, Material("plain", tones[1]), 12)


def boiler(b: Builder) -> None:
    """Water tank on feet: 0.8 m across, 1.9 m high."""
    with b.piece(""):
        b.tube(
            (0, -0.42, 0.15),
            (0, -0.42, 1.8),
            0.38,
            Material("plain", "#b8452f", shine=0.05),
            18,
            None,
            DARK,
        )
        for a in (0.5, 2.6, 4.7):
            x, y = 0.3 * math.cos(a), -0.42 + 0.3 * math.sin(a)
            b.box((x - 0.04, y - 0.04, 0), (x + 0.04, y + 0.04, 0.18), DARK)
        b.tube((0, -0.42, 1.8), (0, -0.42, 2.6), 0.06, GRAY, 8)
        b.tube((0, -0.79, 1.2), (0, -0.84, 1.2), 0.09, WHITE, 12)


def electric_cabinet(b: Builder) -> None:
    """Switch cabinet with a warning sign: 0.8 x 0.35 x 1.9 m."""
    with b.piece(""):
        b.box(
            (-0.4, -0.35, 0),
            (0.4, 0, 1.9),
            Material("plain", "#c9cccb"),
            {"front": fitted("electric")},
        )


def elevator_door(b: Builder, height: float = 2.15) -> None:
    """Elevator: a metal frame round a double metal door, on the wall. 1.5 m wide."""
    with b.piece(""):
        frame = Material("brushed", "#7f858a", shine=0.2, ir=0.3)
        door = Material("elevator", "#d5d9dc", None, shine=0.35, ir=0.25)
        for x in (-0.75, 0.6):
            b.box((x, -0.07, 0), (x + 0.15, 0, height + 0.15), frame)
        b.box((-0.6, -0.07, height), (0.6, 0, height + 0.15), frame)
        b.face((-0.6, -0.015, 0), (1.2, 0, 0), (0, 0, height), door)
        b.box((-0.18, -0.08, height + 0.03), (0.18, -0.07, height + 0.12), BLACK)
        b.face(
            (-0.08, -0.081, height + 0.04),
            (0.16, 0, 0),
            (0, 0, 0.07),
            Material("plain", "#ff5a30", None, glow=0.8),
        )


def call_panel(b: Builder) -> None:
    """Elevator buttons on the wall."""
    with b.piece(""):
        b.box((-0.12, -0.03, 0.95), (0.12, 0, 1.4), STEEL, {"front": fitted("buttons", 0.1, 0.2)})


def extinguisher(b: Builder) -> None:
    """Fire extinguisher on the wall under its sign."""
    with b.piece("Extinguisher"):
        label = fitted("extinguisher", 0.06)
        b.tube((0, -0.12, 0.55), (0, -0.12, 1.06), 0.095, label, 14, 0.095, RED)
        b.tube((0, -0.12, 1.06), (0, -0.12, 1.14), 0.09, RED, 12, 0.03, BLACK)
        b.tube((0, -0.12, 1.14), (0, -0.12, 1.22), 0.03, BLACK, 8)
        b.box((-0.02, -0.24, 1.17), (0.02, -0.1, 1.2), BLACK)
        b.tube((0.04, -0.14, 1.16), (0.12, -0.14, 0.75), 0.016, BLACK, 6)
        b.box((-0.05, -0.03, 0.8), (0.05, 0, 0.9), GRAY)
        b.box(
            (-0.13, -0.01, 1.4),
            (0.13, 0, 1.66),
            RED,
            {"front": Material("extinguisher", "#ffffff", None)},
        )


def screen(b: Builder, rng: Rng, w: float = 1.6, z: float = 0.95, on: bool = True) -> None:
    """Large wall screen."""
    with b.piece("Screen"):
        h = w * 0.58
        b.box((-w / 2, -0.06, z), (w / 2, 0, z + h), BLACK)
        lit = Material(f"slides{rng.integers(3)}", "#ffffff", None, 0.05, 0.7 if on else 0.0, 0.15)
        m = lit if on else Material("plain", "#101113", shine=0.15, ir=0.1)
        b.face((-w / 2 + 0.03, -0.061, z + 0.03), (w - 0.06, 0, 0), (0, 0, h - 0.06), m)


def camera_bar(b: Builder, z: float = 2.02) -> None:
    """Conference camera above a screen."""
    with b.piece(""):
        b.box((-0.28, -0.12, z), (0.28, 0, z + 0.07), BLACK)
        b.tube((0, -0.12, z + 0.1), (0, -0.2, z + 0.1), 0.06, DARK, 10, 0.05, BLACK)
        b.box((-0.07, -0.14, z + 0.03), (0.07, -0.02, z + 0.18), DARK)


def projector(b: Builder, x: float, y: float, height: float) -> None:
    """Projector under the ceiling."""
    b.tube((x, y, height - 0.35), (x, y, height), 0.02, WHITE, 6)
    b.box((x - 0.17, y - 0.14, height - 0.47), (x + 0.17, y + 0.14, height - 0.35), WHITE)


def flat(
    b: Builder, texture: str, w: float, h: float, z: float, name: str = "", glow: float = 0.0
) -> None:
    """Hang a flat thing on the wall: poster, board, sign, clock."""
    with b.piece(name):
        b.box(
            (-w / 2, -0.02, z),
            (w / 2, 0, z + h),
            GRAY,
            {"front": fitted(texture, 0.0, glow)},
            skip=("back",),
        )


def radiator(b: Builder, w: float = 1.1) -> None:
    """Radiator under a window, with its pipes, its valve and the gaps between its columns."""
    with b.piece(""):
        b.box((-w / 2, -0.09, 0.15), (w / 2, -0.03, 0.7), GRAY)
        n = int(w / 0.08)
        for k in range(n):
            x = -w / 2 + (k + 0.2) * w / n
            b.box((x, -0.115, 0.15), (x + 0.05, -0.09, 0.71), WHITE, skip=("back", "bottom"))
        for z in (0.2, 0.62):
            b.tube((w / 2, -0.07, z), (w / 2 + 0.07, -0.07, z), 0.014, CHROME, 6)
        b.tube((w / 2 + 0.07, -0.07, 0.0), (w / 2 + 0.07, -0.07, 0.62), 0.012, CHROME, 6)
        b.tube((w / 2 + 0.07, -0.07, 0.62), (w / 2 + 0.07, -0.15, 0.62), 0.025, WHITE, 8)


def bench(b: Builder, st: Style, w: float = 1.6) -> None:
    """Bench of slats on steel feet."""
    with b.piece("Bench"):
        for k in range(4):
            b.box((-w / 2, -0.42 + k * 0.105, 0.42), (w / 2, -0.34 + k * 0.105, 0.45), st.wood)
        for x in (-w / 2 + 0.15, w / 2 - 0.2):
            b.box((x, -0.4, 0), (x + 0.05, -0.02, 0.42), DARK)


def recycling(b: Builder, kind: str) -> None:
    """Large coloured bin for paper, glass or metal: 0.6 x 0.6 x 1.1 m."""
    color = {"paper": "#2f6fb5", "glass": "#3a8a4d", "metal": "#d8b021"}[kind]
    with b.piece("Trash"):
        m = Material("plain", color)
        b.box((-0.29, -0.58, 0.06), (0.29, 0, 1.0), m, {"front": fitted(kind)})
        b.box((-0.31, -0.6, 1.0), (0.31, 0.0, 1.08), m)
        b.box((-0.2, -0.605, 0.86), (0.2, -0.58, 0.93), BLACK)
        for x in (-0.24, 0.16):
            b.box((x, -0.5, 0), (x + 0.08, -0.42, 0.06), BLACK)


def reception(b: Builder, st: Style, rng: Rng, w: float = 2.2) -> None:
    """Reception counter with a raised front, a telephone and papers: 0.8 m deep."""
    with b.piece(""):
        b.box(
            (-w / 2, -0.8, 0),
            (w / 2, -0.74, 1.1),
            st.wood,
            {"front": st.accent},
        )
        b.box((-w / 2 - 0.03, -0.9, 1.1), (w / 2 + 0.03, -0.6, 1.14), st.wood)
        b.box((-w / 2, -0.74, 0.71), (w / 2, 0, 0.745), st.wood)
        for x in (-w / 2, w / 2 - 0.05):
            b.box((x, -0.8, 0), (x + 0.05, 0, 0.74), st.wood)
        b.face((-0.3, -0.802, 0.4), (0.6, 0, 0), (0, 0, 0.5), fitted("info"))
    clutter.strew(b, rng, clutter.DESK, (-0.3, -0.85, w / 2 - 0.6, -0.65, 1.14), 0.7)
    clutter.strew(b, rng, clutter.DESK, (-w / 2 + 0.1, -0.5, w / 2 - 0.1, -0.2, 0.745), 0.8)
    phone(b, -w / 2 + 0.4, -0.72, 1.14)
    papers(b, rng, w / 2 - 0.4, -0.74, 1.14)


def pallet(b: Builder, rng: Rng) -> None:
    """Pallet stacked with boxes: 1.2 x 1.0 m, up to 1.3 m high."""
    with b.piece(""):
        plank = Material("wood", "#b08d5c")
        for x in (-0.6, -0.08, 0.44):
            b.box((x, -1.0, 0), (x + 0.16, 0, 0.1), plank)
        for k in range(6):
            b.box((-0.6, -1.0 + k * 0.18, 0.1), (0.6, -0.88 + k * 0.18, 0.13), plank)
        for level in range(int(rng.integers(1, 3))):
            for x in (-0.58, 0.0):
                for y in (0.0, -0.49):
                    if level == 0 or rng.random() < 0.75:
                        with b.at(x, y, 0.13 + level * 0.5):
                            carton(b, rng, 0.56, 0.44, 0.48)


def ladder(b: Builder) -> None:
    """Aluminium ladder leaning on the wall."""
    with b.piece(""):
        for x in (-0.2, 0.2):
            b.tube((x, -0.55, 0), (x, -0.03, 2.3), 0.025, STEEL, 6)
        for k in range(7):
            t = (k + 1) / 8
            b.tube(
                (-0.2, -0.55 + 0.52 * t, 2.3 * t), (0.2, -0.55 + 0.52 * t, 2.3 * t), 0.018, STEEL, 6
            )


def lockers(b: Builder, st: Style, n: int = 3) -> None:
    """Row of lockers: 0.4 m each, 0.45 m deep, 1.8 m high."""
    with b.piece(""):
        m = Material("locker", st.accent.color, None)
        w = 0.4 * n
        b.box((-w / 2, -0.45, 0), (w / 2, 0, 1.8), st.metal, skip=("front", "bottom"))
        for k in range(n):
            b.face((-w / 2 + 0.4 * k, -0.45, 0), (0.4, 0, 0), (0, 0, 1.8), m)
