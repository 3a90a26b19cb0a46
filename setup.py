"""Ships rules/ and examples/ inside the wheel, as data below alumni_sync/_shipped/.

Everything else stands in pyproject.toml. This cannot: `packages.find` ships neither folder, and
listing them as packages would claim the import name `rules`, which a public package has. An
editable installation is left alone: `alumni_sync.shipped` falls back to the checkout.
"""

from typing import Final

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED: Final = ("rules", "examples")


class BuildWithShippedFiles(build_py):
    """Adds a package-dir mapping for each shipped folder when a real build is made."""

    def run(self) -> None:
        """Map `rules` to `alumni_sync._shipped.rules`, and so on, then build."""
        if not self.editable_mode:
            self._map_shipped()
        super().run()

    def _map_shipped(self) -> None:
        # Copies: the originals belong to the distribution and would reach other commands.
        self.packages = list(self.packages or [])
        self.package_dir = dict(self.package_dir or {})
        self.package_data = dict(self.package_data or {})
        for folder in SHIPPED:
            package = f"alumni_sync._shipped.{folder}"
            self.packages.append(package)
            self.package_dir[package] = folder
            self.package_data[package] = ["**/*", "**/.*.example", ".*.example"]
            self.exclude_package_data[package] = ["**/__pycache__/*", "**/*.pyc"]
        self.__dict__.pop("data_files", None)  # computed lazily, maybe already without ours


setup(cmdclass={"build_py": BuildWithShippedFiles})
