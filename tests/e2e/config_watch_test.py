#!/usr/bin/env python3
"""--watch with a config: what a ConfigMap does when it is changed, what an editor does, and what is refused."""

import json
import os
import unittest

from support import App, Client, FixedRate, Frontdoor, eventually, get, http_get, main, pool
from support.instances import events


def config(app, name):
    """One that serves /always, and of the rest only what is called like itself."""
    return f'listen = "127.0.0.1:0"\n[[route]]\npath = "/always"\n[[route]]\npath = "/{name}"\n{pool(upstreams=[app])}'


class ConfigMap:
    """A directory as the kubelet makes it: the file is a link to ..data/fd.toml, ..data one to a directory that is never changed."""

    def __init__(self, directory):
        self.directory = directory
        self.file = os.path.join(directory, "fd.toml")
        self._count = 0
        os.mkdir(directory)

    def publish(self, text):
        self._count += 1
        version = os.path.join(self.directory, f"..version_{self._count}")
        os.mkdir(version)
        with open(os.path.join(version, "fd.toml"), "w", encoding="utf-8") as file:
            file.write(text)
        os.symlink(os.path.basename(version), os.path.join(self.directory, "..data_tmp"))
        os.rename(os.path.join(self.directory, "..data_tmp"), os.path.join(self.directory, "..data"))
        if not os.path.islink(self.file):
            os.symlink("..data/fd.toml", self.file)


class Watching(Frontdoor):
    """One whose config is where `make_file` has put it."""

    def __init__(self, app, name):
        super().__init__(config(app, name), listeners="", options=["--watch"])
        self.app = app
        self.map = ConfigMap(os.path.join(self.directory, "map"))
        self.map.publish(self.text(name))

    def text(self, name, more=""):
        return (f'workers = 2\n{more}{config(self.app, name)}[log]\nformat = "json"\nlevel = "debug"\n'
                f'[admin]\nsocket = {json.dumps(self.admin_socket)}\n')

    def start(self):
        return self.spawn(config=self.map.file).wait_until_ready()

    def is_served_by(self, name):
        get(self.address, "/always")  # or it fails
        return http_get(self.address, f"/{name}").status == 200

    def wait_for(self, name):
        eventually(lambda: self.is_served_by(name), f"the config {name}")


class ConfigWatch(unittest.TestCase):
    def test_a_config_map_that_is_swapped_is_read_again_and_nothing_is_lost(self):
        with App("a") as app, Watching(app, "One") as door:
            door.wait_until_serving([app], "/always")
            self.assertTrue(door.is_served_by("One"))
            with FixedRate(door.address, "/always", rate=200) as load, Client(door.address) as kept:
                self.assertEqual(kept.get("/One").status, 200)
                for name in "Two", "Three":  # a watch of the file itself would have died with the first swap
                    door.map.publish(door.text(name))
                    door.wait_for(name)
                self.assertEqual(kept.get("/Three").status, 200, "the connection goes on, by the new file")
                report = load.finish()
            self.assertGreater(report["requests"], 100)
            self.assertEqual(report["failures"], [])
            self.assertEqual(len(events(door, "the config has changed")), 2)
            self.assertEqual(len(events(door, "reloaded")), 2)

    def test_a_broken_one_is_refused_until_it_is_mended(self):
        with App("a") as app, Watching(app, "One") as door:
            door.wait_until_serving([app], "/always")
            door.map.publish("nonsense = 1\n" + door.text("Two"))
            eventually(lambda: events(door, "reload refused, the old config stays"), "that it is refused")
            self.assertTrue(door.is_served_by("One"))
            door.map.publish(door.text("Two"))
            door.wait_for("Two")

    def test_an_included_file_counts_too(self):
        with App("a") as app, Watching(app, "One") as door:
            more = os.path.join(door.directory, "more.toml")
            with open(more, "w", encoding="utf-8") as file:
                file.write("timeouts = { connect = \"2s\" }\n")
            door.wait_until_serving([app], "/always")
            door.map.publish(door.text("Two", f'include = {json.dumps(more)}\n'))
            door.wait_for("Two")
            # More files than before are themselves a change, which comes to rest first.
            eventually(lambda: len(events(door, "reloaded")) >= 2, "the look at both files")
            with open(more + ".new", "w", encoding="utf-8") as file:
                file.write("nonsense = 2\n")
            os.rename(more + ".new", more)
            eventually(lambda: events(door, "reload refused, the old config stays"), "that the included one is read again")

    def test_what_a_refused_config_names_is_watched_as_well(self):
        with App("a") as app, Watching(app, "One") as door:
            more = os.path.join(door.directory, "more.toml")
            with open(more, "w", encoding="utf-8") as file:
                file.write("nonsense = 2\n")
            door.wait_until_serving([app], "/always")
            door.map.publish(door.text("Two", f'include = {json.dumps(more)}\n'))
            # Once for the config, and once more since there is one file more to look at.
            eventually(lambda: len(events(door, "reload refused, the old config stays")) >= 2, "that it is refused")
            with open(more + ".new", "w", encoding="utf-8") as file:
                file.write("timeouts = { connect = \"2s\" }\n")
            os.rename(more + ".new", more)
            door.wait_for("Two")


if __name__ == "__main__":
    main()
