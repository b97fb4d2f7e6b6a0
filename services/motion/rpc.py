"""The gRPC door of motion: each method is a task for the work processes."""

from __future__ import annotations

from rostrum.motion.v1 import motion_pb2

from services.chassis.crew import Crew
from services.chassis.door import Door, door


def open_door(crew: Crew) -> Door:
    """Return the door through which callers reach a crew."""
    service = motion_pb2.DESCRIPTOR.services_by_name["MotionService"]
    return door(service, {method.name: crew.answer for method in service.methods})
