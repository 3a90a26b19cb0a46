"""Platform `directory`: the community in one SQLite file, and a page of what members show.

For a pilot, a small programme, or a look at the product: nothing to rent, nothing to install. The
page is one static HTML file beside the database, with a search box; without scripts it is simply
the list. Put it behind whatever already protects the intranet or the alumni site.
"""

from connectors.platforms.directory.platform import DirectoryPlatform

__all__ = ["DirectoryPlatform"]
