"""clickstream: clicks and purchases turned into counts and conversions.

``app`` is the Faust application: ``faust -A app worker``. Importing this package is the only import
with an effect: it reads the settings, and ends with one line for each setting that is not accepted.
"""

import sys

from app.bootstrap import create_app
from app.settings import load_settings
from models.errors import SettingsError

try:
    app = create_app(load_settings())
except SettingsError as error:
    sys.exit(str(error))
