"""Latency: how long a network takes on a device, predicted from its architecture by a roofline for each kernel."""

from archdsl.backends.latency.latencies import Latencies
from archdsl.backends.latency.profile import Profile, profile, read_profile
from archdsl.backends.latency.roofline import Time

__all__ = ["Latencies", "Profile", "Time", "profile", "read_profile"]
