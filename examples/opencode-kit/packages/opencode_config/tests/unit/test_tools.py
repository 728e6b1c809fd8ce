import ast
import io
import tarfile
import unittest
import zipfile
from typing import Any, Dict, List, Optional

import build
import format as layout
import lint
import security
import typecheck
from workspace import ROOT


def rules_broken(text):
    source = lint.Source(ROOT / "src" / "x.py", text.splitlines(), ast.parse(text))
    return {rule.__name__ for rule in lint.RULES for _ in rule(source)} - {"missing_docstring"}


class Lint(unittest.TestCase):
    def test_each_rule_sees_its_mistake(self):
        for rule, text in {
            "bare_except": "try:\n    pass\nexcept:\n    pass\n",
            "compare_with_none": "x = 1\nx == None\n",
            "long_function": "def f():\n" + "    g()\n" * 40,
            "long_line": f"x = '{'x' * 120}'\n",
            "mutable_default": "def f(a, *, b={}):\n    pass\n",
            "plain_f_string": "x = f'{1:>3}' + f'plain'\n",
            "repeated_key": "x = {'a': 1, 'a': 2}\n",
            "unreachable": "def f():\n    return 1\n    g()\n",
            "unused_import": "import os.path\nfrom a import b as c\n",
        }.items():
            with self.subTest(rule=rule):
                self.assertEqual(rules_broken(text), {rule})

    def test_good_code_passes(self):
        text = "import os\nfrom a import b\n__all__ = ['b']\nx = f'{os.sep:>{3}}'\ny = x is None\n"
        self.assertEqual(rules_broken(text), set())


class Layout(unittest.TestCase):
    def test_white_space_is_tidied(self):
        text = "\n\na = 1  \r\nif a:\n\tb = 2\t\n\n\n\n\nc = 3\n\n"
        self.assertEqual(layout.tidy(text), "a = 1\nif a:\n    b = 2\n\n\nc = 3\n")

    def test_strings_are_left_alone(self):
        text = 'a = """x  \n\ty\t\n\n\n\n\nz"""\nb = f"""{a}  \n"""\n'
        self.assertEqual(layout.tidy(text), text)

    def test_tidy_twice_is_tidy_once(self):
        for text in ["", "\n\n", "a = 1", "a = '''  \n  '''  \n\n\n\n\n\nb", "a = (\n", "\tx = 1"]:
            with self.subTest(text=text):
                once = layout.tidy(text)
                self.assertEqual(layout.tidy(once), once)


class Types(unittest.TestCase):
    def test_matches(self):
        for value, hint, expected in [
            (1, int, True),
            ("1", int, False),
            (True, int, False),
            (1, float, True),
            (None, Optional[str], True),
            (1, Optional[str], False),
            (1, Any, True),
            ([], List[int], True),
            ([], Dict[str, int], False),
        ]:
            with self.subTest(value=value, hint=hint):
                self.assertIs(typecheck.matches(value, hint), expected)


class Security(unittest.TestCase):
    def rules(self, text):
        path = ROOT / "src" / "x.py"
        found = [*security.dangerous_calls(path, text), *security.secrets(path, text)]
        return [(finding.line, finding.rule) for finding in found]

    def test_dangerous_calls(self):
        text = "import os\neval('1')\nos.system('ls')\nrun('ls', shell=True)\nrun('ls', shell=False)\n"
        expected = [(2, "dangerous-call"), (3, "dangerous-call"), (4, "shell")]
        self.assertEqual(self.rules(text), expected)

    def test_secrets(self):
        # Put together here, so that this file has none.
        key, password = "AKIA" + "Q7" * 8, "k9Xv2" + "pLq8Zr4Tm"
        text = f"a = '{key}'\npassword = '{password}'\n"
        self.assertEqual(self.rules(text), [(1, "secret"), (2, "secret")])

    def test_words_are_no_secrets(self):
        self.assertEqual(self.rules("password = 'aaaaaaaaaaaaaaaa'\ntoken = '{env:TOKEN_NAME}'\n"), [])


class Build(unittest.TestCase):
    def test_the_same_sources_give_the_same_bytes(self):
        contents = {"b/x": b"1", "a": b"2" * 1000}
        self.assertEqual(build.zipped(contents), build.zipped(dict(contents)))
        self.assertEqual(build.tarred(contents), build.tarred(dict(contents)))

    def test_archives_hold_what_was_put_in(self):
        contents = {"a": b"1", "b/c": "é".encode("utf-8")}
        with zipfile.ZipFile(io.BytesIO(build.zipped(contents))) as archive:
            self.assertEqual({name: archive.read(name) for name in archive.namelist()}, contents)
        with tarfile.open(fileobj=io.BytesIO(build.tarred(contents))) as archive:
            read = {name: archive.extractfile(name).read() for name in archive.getnames()}
        self.assertEqual(read, contents)

    def test_record_of_a_known_file(self):
        # The hash of nothing is well known.
        line = "a,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\nr,,\n"
        self.assertEqual(build.record({"a": b""}, "r").decode("ascii"), line)
