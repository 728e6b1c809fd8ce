import importlib.util
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

import build
from tests import PACKAGE
from tests.integration import built, python, test_cli


def install(wheel, site):
    """Install with pip; without pip by unpacking, which is all that a wheel of pure Python needs."""
    if importlib.util.find_spec("pip") is None:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        return
    pip = ["-m", "pip", "--isolated", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-compile", "--target", str(site)]
    ran = python(wheel.parent, *pip, "install", *offline, str(wheel))
    if ran.code != 0:
        raise AssertionError(f"pip cannot install {wheel.name}: {ran.err}")


class Archive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name).resolve()


class Wheel(Archive):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site = cls.folder / "site"
        install(built("-py3-none-any.whl"), cls.site)

    def test_it_is_the_code_of_this_tree(self):
        for source in sorted((PACKAGE / "src" / "opencode_config").glob("*.py")):
            with self.subTest(file=source.name):
                installed = self.site / "opencode_config" / source.name
                message = f"{source.name} has changed since the build: run build-python again"
                # Not assertEqual: the message is enough, without both files before it.
                self.assertTrue(installed.read_bytes() == source.read_bytes(), message)

    def test_the_entry_point_can_be_called(self):
        entry = (self.site / f"{build.stem()}.dist-info" / "entry_points.txt").read_text(encoding="utf-8")
        self.assertEqual(entry, "[console_scripts]\nopencode-config = opencode_config.cli:main\n")
        program = "from opencode_config.cli import main; main(['--help'])"
        ran = python(self.folder, "-c", program, PYTHONPATH=str(self.site))
        self.assertEqual((ran.code, ran.err), (0, ""))
        self.assertIn("usage: opencode-config", ran.out)

    def test_metadata_and_package_agree_on_the_version(self):
        metadata = (self.site / f"{build.stem()}.dist-info" / "METADATA").read_text(encoding="utf-8")
        ran = python(
            self.folder,
            "-c",
            "import opencode_config as package; print(package.__version__)",
            PYTHONPATH=str(self.site),
        )
        self.assertIn(f"\nVersion: {ran.out}", metadata)


class InstalledCommandLine(test_cli.CommandLine):
    """Whatever the command line does from the sources, it does from the wheel."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.installed = Path(folder.name).resolve()
        with zipfile.ZipFile(built("-py3-none-any.whl")) as archive:
            archive.extractall(cls.installed)


class SourceArchive(Archive):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with tarfile.open(built(".tar.gz")) as archive:
            # Early releases of Python 3.9 have no filters.
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
            archive.extractall(cls.folder)
        cls.package = cls.folder / build.stem()

    def test_it_builds_the_same_archives(self):
        ran = python(self.package, "tools/build.py")
        self.assertEqual((ran.code, ran.err), (0, ""))
        for archive in (built("-py3-none-any.whl"), built(".tar.gz")):
            rebuilt = self.package / "dist" / archive.name
            self.assertTrue(rebuilt.read_bytes() == archive.read_bytes(), f"{archive.name} differs")

    def test_it_passes_its_own_unit_tests(self):
        ran = python(self.package, "-m", "unittest", "discover", "-t", ".", "-s", "tests/unit")
        self.assertEqual(ran.code, 0, ran.err)
        self.assertIn("\nOK\n", ran.err)
