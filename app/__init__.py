"""clickstream: clicks and purchases turned into counts and conversions.

``app`` is the Faust application: ``faust -A app worker``. Importing this package is the only import
with an effect: it reads the settings, and ends with one line for each setting that is not accepted.
"""

import gc
import sys

# What is imported stays: looking for garbage in it takes a fifth of the time.
gc.disable()

from app.bootstrap import create_app  # noqa: E402
from app.settings import load_settings  # noqa: E402
from models.errors import SettingsError  # noqa: E402

try:
    app = create_app(load_settings())
except SettingsError as error:
    sys.exit(str(error))
gc.enable()
