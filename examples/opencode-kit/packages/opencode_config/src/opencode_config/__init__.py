"""Load, check and merge the configuration of an OpenCode workflow kit."""

from opencode_config.loader import Configuration, discover, load
from opencode_config.places import ConfigError, Place, Problem

__all__ = ["ConfigError", "Configuration", "Place", "Problem", "discover", "load"]
__version__ = "1.2.0"
