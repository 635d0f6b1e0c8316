"""Tests of the handler with the standard library: `python -m unittest`."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from unittest_shop import handler

from appconfig_env import BindError
from appconfig_env.testing import Clock, isolated, override


class HandlerTest(unittest.TestCase):
    """Each test begins as in a new process, with a clock that stands still."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.enterContext(mock.patch.dict(os.environ))
        self.enterContext(isolated(self.clock))

    @override({"DB_HOST": "db.internal"}, flags={"sale": True})
    def test_the_values_are_those_of_the_test(self) -> None:
        self.assertEqual(handler({}, None), {"db": "db.internal:5432", "sale": True, "limit": 10})

    @override({"DB_HOST": "db.internal"})
    def test_an_inner_override_adds_to_the_outer_one(self) -> None:
        with override({"LIMIT": 3}):
            self.assertEqual(handler({}, None)["limit"], 3)
        self.assertEqual(handler({}, None)["limit"], 10)

    @override({"DB_PORT": "none"})
    def test_wrong_settings_are_one_error(self) -> None:
        with self.assertRaises(BindError) as caught:
            handler({}, None)
        self.assertEqual(len(caught.exception.problems), 2)

    def test_a_local_folder_takes_the_place_of_aws(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        os.environ["APPCONFIG_ENV_LOCAL_DIR"] = str(folder)
        os.environ["APPCONFIG_ENV_SNAPSHOT"] = str(folder / "snapshot.json")
        os.environ["APPCONFIG_ENV_SOURCES"] = "ssm:/shop/ appconfig:shop/prod/flags"
        (folder / "shop:prod:flags.json").write_text('{"sale": {"enabled": true}}')
        (folder / "ssm.env").write_text("/shop/DB_HOST=one\n/shop/LIMIT=1\n")
        self.assertEqual(handler({}, None), {"db": "one:5432", "sale": True, "limit": 1})

        (folder / "ssm.env").write_text("/shop/DB_HOST=two\n/shop/LIMIT=2\n")
        self.clock.tick(45)

        self.assertEqual(handler({}, None), {"db": "two:5432", "sale": True, "limit": 2})


if __name__ == "__main__":
    unittest.main()
