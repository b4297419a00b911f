"""A generated building: a robot drives through rooms that are ray-cast, with exact truth.

::

    plan, kinds          where the rooms of a floor are and how large each kind is
    solids               surfaces, boxes, tubes: what everything is built of
    furniture, fittings  single pieces; furnish, rooms: how they stand in a room
    textures             procedural wood, tiles, posters, screens
    building             a furnished floor
    caster, light        Embree rays; radiosity from sun, sky and lamps
    camera, sensor       radiance, exact depth and surfaces; then what a real camera makes of them
    path                 the robot's way
    hardship             what makes a tour hard: blockers, doors, blur, exposure; merge
    scenery              a floor furnished, peopled and lit, once for all tours that share it
    drive_spec           a `DriveSpec` decides all pixels of a sequence; its note and calibration
    sequence             `render_sequence` writes a sequence
    default_set, editions   the sets that the command line offers
    trajectory*          real sequences: poses read, rooms laid out around them, frames at the poses

Needs the extra ``synth`` (embreex). The same spec gives the same bytes on one machine.
"""

from robotvision.synth.default_set import write_default_set
from robotvision.synth.drive_spec import DriveSpec, calibration
from robotvision.synth.sequence import render_sequence, shots

__all__ = ["DriveSpec", "calibration", "render_sequence", "shots", "write_default_set"]
